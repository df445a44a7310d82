#include "serving/models/catalogue.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "serving/model_status.h"

namespace trainyard::serving {

Catalogue::Catalogue(std::vector<VersionManager::Options> models) {
  for (VersionManager::Options& model : models) {
    const std::string name = model.model_name;
    models_[name] = std::make_unique<VersionManager>(std::move(model));
  }
}

void Catalogue::OnServing(const std::function<void(const Servable&)>& listener) {
  for (const auto& [name, model] : models_) model->OnServing(listener);
}

void Catalogue::Start() {
  for (const auto& [name, model] : models_) model->Start();
}

Status Catalogue::PollOnce() {
  Status missing;
  for (const auto& [name, model] : models_) {
    const Status problem = model->Poll(std::chrono::steady_clock::now());
    if (problem.ok()) continue;
    if (!model->is_ready() && missing.ok()) {
      missing = problem;
    } else {
      LogWarning("{}", problem.message());
    }
  }
  return missing;
}

Result<std::shared_ptr<const Servable>> Catalogue::Find(
    const ::tensorflow::serving::ModelSpec& spec) const {
  if (spec.name().empty()) return InvalidArgumentError("ModelSpec has no name specified.");
  const auto model = models_.find(spec.name());
  if (model != models_.end()) return model->second->Find(spec);
  if (spec.version_choice_case() == spec.kVersionLabel) {
    return InvalidArgumentError("Unrecognized servable version label: {}", spec.version_label());
  }
  if (!spec.has_version()) {
    return NotFoundError("Servable not found for request: Latest({})", spec.name());
  }
  return NotFoundError("Servable not found for request: Specific({}, {})", spec.name(),
                       spec.version().value());
}

Status Catalogue::DescribeVersions(const ::tensorflow::serving::GetModelStatusRequest& request,
                                   ::tensorflow::serving::GetModelStatusResponse* response) const {
  const std::string& name = request.model_spec().name();
  const auto model = models_.find(name);
  const auto reports =
      model == models_.end() ? std::map<int64_t, VersionReport>() : model->second->Reports();
  return serving::DescribeVersions(name, reports, request, response);
}

bool Catalogue::is_ready() const {
  return std::all_of(models_.begin(), models_.end(),
                     [](const auto& entry) { return entry.second->is_ready(); });
}

std::vector<std::string> Catalogue::model_names() const {
  std::vector<std::string> names;
  for (const auto& [name, model] : models_) names.push_back(name);
  return names;
}

}  // namespace trainyard::serving
