// The models being served, by name: where every front end looks a model up.
//
// Owned by the server, and outlives every Servable it hands out. Each model has a VersionManager,
// and thread, of its own, so that a broken or slow one never holds up another. Thread-safe; Find()
// takes no lock and never waits for a model being loaded or unloaded.
//
//   Catalogue models({{.model_name = "digits", .base_path = "/models/digits"}});
//   models.Start();
//   ASSIGN_OR_RETURN(auto servable, models.Find(request.model_spec()));
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "serving/servable.h"
#include "serving/versions/manager.h"
#include "tensorflow/serving/model.pb.h"
#include "tensorflow/serving/status.pb.h"

namespace trainyard::serving {

class Catalogue {
 public:
  explicit Catalogue(std::vector<VersionManager::Options> models);

  // Before Start(): `listener` is told about each version that begins to be served, by the thread
  // of its model, with no lock held.
  void OnServing(const std::function<void(const Servable&)>& listener);

  // Looks for versions of every model from now on.
  void Start();
  // In place of Start(): looks once and loads what there is, before it returns. The failure of a
  // model that has no version to serve; other problems are logged.
  Status PollOnce();

  // The version a request asks for. The texts are TensorFlow Serving's: InvalidArgument without a
  // name or for an unknown label, NotFound if it is not being served (yet).
  Result<std::shared_ptr<const Servable>> Find(const ::tensorflow::serving::ModelSpec& spec) const;

  // Answers GetModelStatus: the state of the version asked for, or of all, newest first.
  Status DescribeVersions(const ::tensorflow::serving::GetModelStatusRequest& request,
                          ::tensorflow::serving::GetModelStatusResponse* response) const;

  // Whether every model has a version that answers.
  bool is_ready() const;

  // Sorted.
  std::vector<std::string> model_names() const;

 private:
  std::map<std::string, std::unique_ptr<VersionManager>> models_;  // immutable after construction
};

}  // namespace trainyard::serving
