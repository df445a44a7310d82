// The models being served, by name: where every front end looks a model up, and where the
// configuration of the models is changed.
//
// Owned by the server, and outlives every Servable it hands out. Each model has a VersionManager,
// and thread, of its own, so that a broken or slow one never holds up another. Thread-safe; Find()
// takes no lock and never waits for a model being loaded or unloaded.
//
//   Catalogue models({}, {{.name = "digits", .base_path = "/models/digits"}});
//   models.Start();
//   ASSIGN_OR_RETURN(auto servable, models.Find(request.model_spec()));
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "serving/models/readiness.h"
#include "serving/run_limits.h"
#include "serving/servable.h"
#include "serving/versions/load_slots.h"
#include "serving/versions/manager.h"
#include "serving/versions/model_settings.h"
#include "tensorflow/serving/model.pb.h"
#include "tensorflow/serving/status.pb.h"

namespace trainyard::serving {

class Catalogue {
 public:
  // What holds for all models alike; VersionManager::Options describes the parts.
  struct Options {
    tf::SessionConfig session{};
    std::vector<std::string> tags{"serve"};
    MakeBatcher make_batcher{};
    std::chrono::milliseconds poll_interval{1000};
    RetryPolicy retry{};
    std::function<Status(const Servable&, const std::string& directory)> prepare{};
    std::function<void(const ServableId&, const std::string& directory, const Status&,
                       std::chrono::nanoseconds took)>
        on_load{};
    int load_threads = 0;  // versions loaded at the same time; 0: four for each processor
    // Whether Reload() lets a label be given to a version that is neither served nor to be loaded.
    bool labels_for_absent_versions = false;
  };

  // `models` have different names.
  Catalogue(Options options, std::vector<ModelSettings> models);
  ~Catalogue();  // loads that are under way are finished

  // Before Start(): `listener` is told about each version that begins to be served, by the thread
  // of its model, with no lock held.
  void OnServing(std::function<void(const Servable&)> listener);

  // Looks for versions of every model from now on.
  void Start();
  // After Start(): waits until every model has been looked at and loaded once. The failure of a
  // model, if none of the models is served then, else failures are logged; DeadlineExceeded or
  // Cancelled, by the limits, names one that still loads.
  Status WaitForFirstLook(const RunLimits& limits) const;

  // From now on these models (with different names) are served and no others. Takes effect at once
  // for all of them, and does not wait for loads. Models that leave answer the requests they have.
  void Apply(const std::vector<ModelSettings>& models);

  // The same, all or nothing, for a caller who wants to know: returns when every model that is new
  // or changed is served, and then those not named leave; or fails, with everything as before. The
  // texts are TensorFlow Serving's where it has them. DeadlineExceeded or Cancelled by the limits,
  // Aborted if another reload is under way for that long.
  Status Reload(const std::vector<ModelSettings>& models, const RunLimits& limits);

  // Looks for versions of every model at once, and tries those again that failed.
  void LookAgain();

  // The version a request asks for. The texts are TensorFlow Serving's: InvalidArgument without a
  // name or for an unknown label, NotFound if it is not being served (yet).
  Result<std::shared_ptr<const Servable>> Find(const ::tensorflow::serving::ModelSpec& spec) const;

  // Answers GetModelStatus: the state of the version or label asked for, or of all versions, newest
  // first.
  Status DescribeVersions(const ::tensorflow::serving::GetModelStatusRequest& request,
                          ::tensorflow::serving::GetModelStatusResponse* response) const;

  // Whether every model has a version that answers; and which do not, and why.
  bool is_ready() const;
  ReadyReport Readiness() const;

  // Calls visit(model, state, count) with how many versions of each model are in each state:
  // "START", "LOADING", "AVAILABLE", "UNLOADING", "END".
  void CountVersions(
      const std::function<void(std::string_view, std::string_view, int64_t)>& visit) const;

  // Sorted.
  std::vector<std::string> model_names() const;
  // What is being served, as configured; sorted by name.
  std::vector<ModelSettings> settings() const;

 private:
  using Models = std::map<std::string, std::shared_ptr<VersionManager>>;
  struct Change;

  std::shared_ptr<VersionManager> Make(const ModelSettings& settings);
  void Publish(Models models);
  Change BeginChange(const std::vector<ModelSettings>& models);
  void RevertChange(const Change& change);
  void RetireAllBut(const std::vector<ModelSettings>& models);
  Status WaitForChange(const Change& change, const RunLimits& limits) const;
  Status CheckLabels(const std::vector<ModelSettings>& models) const;

  const Options options_;
  LoadSlots slots_;
  std::function<void(const Servable&)> on_serving_ = [](const Servable&) {};
  std::atomic<std::shared_ptr<const Models>> models_;  // replaced as a whole

  std::timed_mutex change_mutex_;  // held while the set of models changes
  bool is_started_ = false;        // guarded by change_mutex_
  // Models that have left, while requests hold their versions. Guarded by change_mutex_.
  std::vector<std::shared_ptr<VersionManager>> retired_;
};

}  // namespace trainyard::serving
