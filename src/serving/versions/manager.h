// Keeps one model served in its newest version.
//
// Owned by the server, and outlives every Servable it hands out. Poll() and ReleaseUnused() come
// from one thread: the one Start() runs, or a test's own. Everything else is thread-safe; Find() is
// one atomic load and never waits for a model being loaded or unloaded.
//
//   VersionManager digits({.model_name = "digits", .base_path = "/models/digits"});
//   digits.Start();
//   ASSIGN_OR_RETURN(auto servable, digits.Find(request.model_spec()));
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/status.h"
#include "serving/servable.h"
#include "serving/versions/policy.h"
#include "tensorflow/serving/model.pb.h"

namespace trainyard::serving {

// kLoading --> kAvailable --> kUnloading --> kEnd
//     |                                       ^
//     +---------------------------------------+   (a failed load; the status says why)
enum class VersionState { kLoading, kAvailable, kUnloading, kEnd };

struct VersionReport {
  VersionState state = VersionState::kLoading;
  Status status;  // why a version ended, if it failed
};

class VersionManager {
 public:
  struct Options {
    std::string model_name;
    std::string base_path;
    tf::SessionConfig session;
    // How often the thread of Start() looks for versions.
    std::chrono::milliseconds poll_interval{1000};
    // When a version that failed is tried again although its files have not changed.
    std::chrono::milliseconds retry_interval{60'000};
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

  // Looks once, and loads what the policy asks for; the version before keeps answering meanwhile.
  // The failure that keeps this model from being up to date, if there is one.
  Status Poll(TimePoint now);
  // Unloads versions that have been replaced and whose last request has been answered.
  void ReleaseUnused();

  const std::string& model_name() const { return options_.model_name; }
  bool is_ready() const { return current_.load() != nullptr; }

  // The version a request asks for. The texts are TensorFlow Serving's: NotFound if it is not being
  // served (yet), InvalidArgument for a label, since none can be defined.
  Result<std::shared_ptr<const Servable>> Find(const ::tensorflow::serving::ModelSpec& spec) const;

  // Every version being served, leaving or recently gone.
  std::map<int64_t, VersionReport> Reports() const;

 private:
  void Run(const std::stop_token& stop);
  Status Load(const VersionSeen& wanted, TimePoint now);
  std::optional<int64_t> current_version() const;
  void Publish(std::shared_ptr<const Servable> servable);
  void Report(int64_t version, VersionState state, Status status = OkStatus());
  void LogIfNew(const Status& problem);

  const Options options_;  // immutable after construction
  std::atomic<std::shared_ptr<const Servable>> current_;

  // Used by the polling thread only.
  std::function<void(const Servable&)> on_serving_ = [](const Servable&) {};
  std::map<int64_t, FailedLoad> failed_;
  std::vector<std::shared_ptr<const Servable>> replaced_;
  std::string last_problem_;

  mutable std::mutex mutex_;
  std::map<int64_t, VersionReport> reports_;  // guarded by mutex_

  std::jthread poller_;  // last: stops before anything above goes
};

}  // namespace trainyard::serving
