// One loaded version of a model, ready to answer.
//
// Shared: the manager holds the current one, and every request holds the one it began with until it
// has been answered (that is what keeps an old version alive while a newer one takes over).
// Immutable once loaded, therefore thread-safe.
//
//   ASSIGN_OR_RETURN(auto servable, Servable::Load({"digits", 3}, "/models/digits/3", config));
//   const BoundSignature* signature = servable->FindSignature("serving_default");
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "serving/batching/session_batcher.h"
#include "serving/metrics/servable_stats.h"
#include "serving/run_done.h"
#include "serving/run_limits.h"
#include "tensorflow/serving/metadata.pb.h"
#include "tf/saved_model.h"

namespace trainyard::serving {

struct ServableId {
  std::string name;
  int64_t version = 0;
  friend bool operator==(const ServableId&, const ServableId&) = default;
};

// A signature with its aliases looked up in the graph. An alias whose tensor the graph lacks is an
// empty Output; using it is the request's error, since other signatures may be fine.
struct BoundSignature {
  const ::tensorflow::SignatureDef* definition = nullptr;  // owned by the Servable
  std::map<std::string, tf::Output> inputs;
  std::map<std::string, tf::Output> outputs;
  std::map<std::string, tf::Tensor> defaults;
};

// Makes what batches the runs of a session that was loaded from a directory.
using MakeBatcher = std::function<Result<std::unique_ptr<SessionBatcher>>(
    tf::Session* session, const std::string& directory)>;

class Servable {
 public:
  // Loads graph and variables and runs the model's own initialisation. FailedPrecondition if the
  // graph has variables but the directory does not, which TensorFlow takes for a model without
  // variables that fails at its first request.
  // `tags`: those of the meta graph to load, exactly. `make_batcher`, if there is one, is asked
  // for what then runs requests together.
  static Result<std::unique_ptr<const Servable>> Load(
      ServableId id, const std::string& directory, const tf::SessionConfig& config,
      const std::vector<std::string>& tags = {"serve"}, const MakeBatcher& make_batcher = {});

  const ServableId& id() const { return id_; }

  // nullptr if there is no such signature. An empty name means "serving_default".
  const BoundSignature* FindSignature(const std::string& name) const;

  // All signatures as the model defines them.
  const ::tensorflow::serving::SignatureDefMap& definitions() const { return definitions_; }

  // What has been asked of this version; counting changes nothing that others see.
  ServableStats& stats() const { return *stats_; }
  std::shared_ptr<const ServableStats> shared_stats() const { return stats_; }

  // Whether Run() is over in a moment and waits for nothing, as far as is known: two milliseconds,
  // and no batching.
  bool is_quick() const { return batcher_ == nullptr && has_short_runs(); }
  // The same of RunThen().
  bool returns_at_once() const { return batcher_ != nullptr || has_short_runs(); }

  // Computes the fetches, in order. Called from many threads at once; each computes in its own,
  // or waits for the batch that it is a part of. The
  // error is TensorFlow's, or that of the limits: a run is not begun when they are exceeded.
  RunOutputs Run(std::span<const tf::Feed> feeds, std::span<const tf::Output> fetches,
                 const RunLimits& limits) const;

  // The same for a thread that has other things to do: `done` is called with what Run() would give,
  // by this thread before it returns or by that of a batch. This version, the fed values and what
  // the limits refer to must live until both have happened, and this version may not end in `done`.
  void RunThen(std::span<const tf::Feed> feeds, std::span<const tf::Output> fetches,
               const RunLimits& limits, RunDone done) const;

 private:
  Servable() = default;
  Status BindSignatures();
  bool has_short_runs() const;
  void CountRun(RunLimits::TimePoint start, std::chrono::nanoseconds* running) const;

  ServableId id_;
  tf::SavedModel model_;
  std::unique_ptr<SessionBatcher> batcher_;  // nullptr: each request runs by itself
  ::tensorflow::serving::SignatureDefMap definitions_;
  std::map<std::string, BoundSignature> signatures_;
  std::shared_ptr<ServableStats> stats_;  // shared with ServerMetrics
};

inline constexpr char kDefaultSignature[] = "serving_default";

}  // namespace trainyard::serving
