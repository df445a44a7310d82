#include "serving/models/catalogue.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "serving/models/model_status.h"

namespace trainyard::serving {

Catalogue::Catalogue(Options options, std::vector<ModelSettings> models)
    : options_(std::move(options)), slots_(options_.load_threads) {
  Models made;
  for (const ModelSettings& model : models) made[model.name] = Make(model);
  Publish(std::move(made));
}

Catalogue::~Catalogue() {
  // All at once, rather than one after the other as they are destroyed.
  const std::shared_ptr<const Models> models = models_.load();
  for (const auto& [name, model] : *models) model->RequestStop();
  for (const auto& model : retired_) model->RequestStop();
}

std::shared_ptr<VersionManager> Catalogue::Make(const ModelSettings& settings) {
  VersionManager::Options options;
  options.model = settings;
  options.session = options_.session;
  options.tags = options_.tags;
  options.make_batcher = options_.make_batcher;
  options.poll_interval = options_.poll_interval;
  options.retry = options_.retry;
  options.prepare = options_.prepare;
  options.on_load = options_.on_load;
  options.slots = &slots_;
  auto model = std::make_shared<VersionManager>(std::move(options));
  model->OnServing([this](const Servable& servable) { on_serving_(servable); });
  return model;
}

void Catalogue::Publish(Models models) {
  models_.store(std::make_shared<const Models>(std::move(models)));
}

void Catalogue::OnServing(std::function<void(const Servable&)> listener) {
  on_serving_ = std::move(listener);
}

void Catalogue::Start() {
  const std::lock_guard<std::timed_mutex> lock(change_mutex_);
  is_started_ = true;
  const std::shared_ptr<const Models> models = models_.load();
  for (const auto& [name, model] : *models) model->Start();
}

Status Catalogue::WaitForFirstLook(const RunLimits& limits) const {
  const std::shared_ptr<const Models> models = models_.load();
  const RunLimits::TimePoint deadline = limits.deadline.value_or(RunLimits::TimePoint::max());
  std::vector<Status> missing;
  for (const auto& [name, model] : *models) {
    if (!model->WaitForLook(1, deadline, limits.is_cancelled)) {
      const bool is_late = std::chrono::steady_clock::now() >= deadline;
      return Status(is_late ? StatusCode::kDeadlineExceeded : StatusCode::kCancelled,
                    fmt::format("model \"{}\" is still being loaded", name));
    }
    if (!model->is_ready()) missing.push_back(model->problem());
  }
  if (!missing.empty() && missing.size() == models->size()) return missing.front();
  for (const Status& problem : missing) LogWarning("{}", problem.message());
  return OkStatus();
}

void Catalogue::LookAgain() {
  const std::shared_ptr<const Models> models = models_.load();
  for (const auto& [name, model] : *models) model->LookAgain();
}

Result<std::shared_ptr<const Servable>> Catalogue::Find(
    const ::tensorflow::serving::ModelSpec& spec) const {
  if (spec.name().empty()) return InvalidArgumentError("ModelSpec has no name specified.");
  const std::shared_ptr<const Models> models = models_.load();
  const auto model = models->find(spec.name());
  return model == models->end() ? ServedSet().Find(spec) : model->second->Find(spec);
}

Status Catalogue::DescribeVersions(const ::tensorflow::serving::GetModelStatusRequest& request,
                                   ::tensorflow::serving::GetModelStatusResponse* response) const {
  const std::string& name = request.model_spec().name();
  const std::shared_ptr<const Models> models = models_.load();
  const auto model = models->find(name);
  if (model == models->end()) return serving::DescribeVersions(name, {}, request, response);
  ::tensorflow::serving::GetModelStatusRequest by_number = request;
  if (request.model_spec().version_choice_case() == request.model_spec().kVersionLabel) {
    ASSIGN_OR_RETURN(const int64_t version,
                     model->second->FindLabel(request.model_spec().version_label()));
    by_number.mutable_model_spec()->mutable_version()->set_value(version);
  }
  return serving::DescribeVersions(name, model->second->Reports(), by_number, response);
}

bool Catalogue::is_ready() const {
  const std::shared_ptr<const Models> models = models_.load();
  return std::all_of(models->begin(), models->end(),
                     [](const auto& entry) { return entry.second->is_ready(); });
}

ReadyReport Catalogue::Readiness() const {
  const std::shared_ptr<const Models> models = models_.load();
  ReadyReport report{.num_models = models->size(), .missing = {}};
  for (const auto& [name, model] : *models) {
    if (model->is_ready()) continue;
    const Status problem = model->problem();
    report.missing.push_back({name, problem.ok() ? "being loaded" : problem.message()});
  }
  return report;
}

void Catalogue::CountVersions(
    const std::function<void(std::string_view, std::string_view, int64_t)>& visit) const {
  const std::shared_ptr<const Models> models = models_.load();
  for (const auto& [name, model] : *models) {
    std::map<VersionState, int64_t> counts;
    for (const auto& [version, report] : model->Reports()) ++counts[report.state];
    for (const auto& [state, count] : counts) visit(name, VersionStateName(state), count);
  }
}

std::vector<std::string> Catalogue::model_names() const {
  std::vector<std::string> names;
  const std::shared_ptr<const Models> models = models_.load();
  for (const auto& [name, model] : *models) names.push_back(name);
  return names;
}

std::vector<ModelSettings> Catalogue::settings() const {
  std::vector<ModelSettings> all;
  const std::shared_ptr<const Models> models = models_.load();
  for (const auto& [name, model] : *models) all.push_back(model->settings());
  return all;
}

}  // namespace trainyard::serving
