// Keeps one model served in the versions that its policy asks for.
//
// Owned by the catalogue, and outlives every Servable it hands out. Poll() and ReleaseUnused() come
// from one thread: the one Start() runs, or a test's own. Everything else is thread-safe; Find() is
// one atomic load and never waits for a version being loaded or unloaded.
//
// A new version is loaded beside those that answer, warmed, and published in one step; then those
// that are no longer wanted get no new requests, and are unloaded after their last one.
//
//   VersionManager digits({.model = {.name = "digits", .base_path = "/models/digits"}});
//   digits.Start();
//   ASSIGN_OR_RETURN(auto servable, digits.Find(request.model_spec()));
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/status.h"
#include "serving/servable.h"
#include "serving/versions/load_slots.h"
#include "serving/versions/model_settings.h"
#include "serving/versions/policy.h"
#include "serving/versions/reports.h"
#include "serving/versions/served_set.h"
#include "tensorflow/serving/model.pb.h"

namespace trainyard::serving {

// What one look at a model's directory led to.
struct LookOutcome {
  uint64_t generation = 0;          // of the settings it was done with
  bool is_served = false;           // whether all versions that the policy chose answer
  std::optional<int64_t> failed{};  // the version that `problem` is about, if it is one
  Status problem{};                 // why the model is not up to date, if it is not
};

class VersionManager {
 public:
  struct Options {
    ModelSettings model;
    tf::SessionConfig session{};
    std::vector<std::string> tags{"serve"};  // of the meta graph
    MakeBatcher make_batcher{};              // empty: requests run each by itself
    // How often the thread of Start() looks for versions; 0: once, and after each Configure().
    std::chrono::milliseconds poll_interval{1000};
    RetryPolicy retry{};
    // Makes a version that has been loaded from this directory ready for its first request. Its
    // failure is the load's. Called by the loading thread; empty: nothing to do.
    std::function<Status(const Servable&, const std::string& directory)> prepare{};
    // Told how each load went, with `prepare`, by the polling thread; may be empty.
    std::function<void(const ServableId&, const std::string& directory, const Status&,
                       std::chrono::nanoseconds took)>
        on_load{};
    LoadSlots* slots = nullptr;  // borrowed; nullptr: loads wait for nobody, at normal priority
  };

  explicit VersionManager(Options options);
  ~VersionManager();  // stops polling first; a load that is under way is finished

  // Before Start(): `listener` is told about each version that begins to be served, by the polling
  // thread, with no lock held.
  void OnServing(std::function<void(const Servable&)> listener) {
    on_serving_ = std::move(listener);
  }

  // Polls in a thread of its own from now on.
  void Start();
  // The thread ends when it is done with what it is doing; the destructor waits for it.
  void RequestStop() { poller_.request_stop(); }

  // Looks once, and loads and unloads what the policy asks for. The failure that keeps this model
  // from being up to date, if there is a new one.
  Status Poll(TimePoint now);
  // Unloads versions that are no longer served and whose last request has been answered.
  void ReleaseUnused();

  // Takes effect with the next look, which is at once; versions that failed are tried again then.
  // The name stays what it was. Gives the generation to wait for.
  uint64_t Configure(ModelSettings settings);
  // Looks again at once, with the settings as they are.
  uint64_t LookAgain() { return Configure(settings()); }
  ModelSettings settings() const;

  // Waits for the outcome of a look with settings of this generation or later. nullopt if it is not
  // there by `deadline`, or `is_cancelled` (asked every 50 ms) says so.
  std::optional<LookOutcome> WaitForLook(uint64_t generation, TimePoint deadline,
                                         const std::function<bool()>& is_cancelled) const;

  // Serves nothing from now on: versions are unloaded after their last request, then is_gone().
  void Retire();
  bool is_gone() const { return is_gone_; }

  bool is_ready() const { return !served_.load()->versions.empty(); }
  // Why the model is not served, or not up to date; OK if it is.
  Status problem() const;

  // The version a request asks for; see ServedSet::Find.
  Result<std::shared_ptr<const Servable>> Find(const ::tensorflow::serving::ModelSpec& spec) const {
    return served_.load()->Find(spec);
  }
  // What a label stands for now.
  Result<int64_t> FindLabel(const std::string& label) const;

  // Every version being served, coming or leaving, and the last that ended.
  std::map<int64_t, VersionReport> Reports() const { return reports_.All(); }

 private:
  // manager.cc: threads and settings.
  void Run(const std::stop_token& stop);
  TimePoint NextLook(TimePoint now) const;
  bool has_changed(uint64_t generation) const;
  void LogIfNew(const Status& problem);

  // manager_look.cc: what the polling thread does.
  LookOutcome Look(const ModelSettings& settings, uint64_t generation, TimePoint now);
  std::vector<VersionSeen> Inspect(const ModelSettings& settings,
                                   const std::vector<VersionDirectory>& on_disk);
  VersionPlan Apply(const ModelSettings& settings, const std::vector<VersionSeen>& seen,
                    uint64_t generation, TimePoint now, LookOutcome* outcome);
  Status Load(const VersionSeen& wanted, TimePoint now);
  Result<std::unique_ptr<const Servable>> LoadAndPrepare(const VersionSeen& wanted) const;
  std::vector<ServedVersion> Served() const;
  void Publish(std::shared_ptr<const Servable> servable, const std::string& directory);
  void Unload(int64_t version);
  void SetLabels(const VersionLabels& labels);

  const Options options_;  // immutable after construction; settings_ supersedes its model
  VersionReports reports_;
  std::atomic<std::shared_ptr<const ServedSet>> served_;  // written by the polling thread only
  std::atomic<bool> is_gone_{false};

  // Used by the polling thread only.
  std::function<void(const Servable&)> on_serving_ = [](const Servable&) {};
  std::stop_token stop_;
  VersionLabels labels_;                        // as configured
  std::map<int64_t, std::string> directories_;  // of the versions served
  std::map<int64_t, FailedLoad> failed_;
  std::map<int64_t, std::string> fingerprints_;  // of the versions inspected by the last look
  std::vector<std::shared_ptr<const Servable>> draining_;
  std::optional<std::string> listed_stamp_;  // of the directory, when nothing was left to do in it
  int looks_since_listing_ = 0;
  bool looks_again_soon_ = false;  // some files have to be left alone a while longer
  std::string last_logged_;

  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  // Guarded by mutex_.
  ModelSettings settings_;
  bool is_retired_ = false;
  uint64_t generation_ = 1;
  LookOutcome outcome_;
  Status problem_;

  std::jthread poller_;  // last: stops before anything above goes
};

}  // namespace trainyard::serving
