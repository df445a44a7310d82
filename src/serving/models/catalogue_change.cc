// Changing which models are served.
#include <algorithm>
#include <set>
#include <utility>

#include "serving/models/catalogue.h"

namespace trainyard::serving {

// What has been begun for a new configuration, and can be taken back.
struct Catalogue::Change {
  struct Step {
    std::shared_ptr<VersionManager> model;
    uint64_t generation = 0;                // of the look to wait for
    std::optional<ModelSettings> before{};  // none: the model is new
    VersionLabels labels{};                 // as they are to be
  };
  std::vector<Step> steps;
};

namespace {

// Whether the policy would load this version from what is on disk now.
bool WouldBeLoaded(const ModelSettings& model, int64_t version) {
  const auto on_disk = ListVersionDirectories(model.base_path);
  if (!on_disk.ok()) return false;
  std::vector<VersionSeen> seen;
  for (const VersionDirectory& found : *on_disk) seen.push_back({found.version, "", "", ""});
  const VersionPlan plan = PlanVersions(model.policy, seen, {}, {}, {});
  return std::any_of(plan.load.begin(), plan.load.end(),
                     [&](const VersionSeen& v) { return v.version == version; });
}

bool IsServed(const VersionManager& model, int64_t version) {
  ::tensorflow::serving::ModelSpec spec;
  spec.mutable_version()->set_value(version);
  return model.Find(spec).ok();
}

Status LabelRefused(const std::string& model, int64_t version) {
  return FailedPreconditionError(
      "Request to assign label to version {} of model {}, which is not currently available for "
      "inference",
      version, model);
}

std::string ServableText(const std::string& model, std::optional<int64_t> version) {
  if (!version) return fmt::format("{{name: {}}}", model);
  return fmt::format("{{name: {} version: {}}}", model, *version);
}

}  // namespace

void Catalogue::Apply(const std::vector<ModelSettings>& models) {
  const std::lock_guard<std::timed_mutex> lock(change_mutex_);
  BeginChange(models);
  RetireAllBut(models);
}

Status Catalogue::Reload(const std::vector<ModelSettings>& models, const RunLimits& limits) {
  constexpr std::chrono::minutes kLongest{60};
  RunLimits bounded = limits;
  if (!bounded.deadline) bounded.deadline = std::chrono::steady_clock::now() + kLongest;
  std::unique_lock<std::timed_mutex> lock(change_mutex_, std::defer_lock);
  if (!lock.try_lock_until(*bounded.deadline)) {
    return AbortedError("another change of the configuration has been under way all the time");
  }
  if (!is_started_) return UnavailableError("the server is starting; try again");
  RETURN_IF_ERROR(CheckLabels(models));
  const Change change = BeginChange(models);
  const Status done = WaitForChange(change, bounded);
  if (done.ok()) {
    RetireAllBut(models);
  } else {
    RevertChange(change);
  }
  return done;
}

Status Catalogue::CheckLabels(const std::vector<ModelSettings>& models) const {
  if (options_.labels_for_absent_versions) return OkStatus();
  const std::shared_ptr<const Models> current = models_.load();
  for (const ModelSettings& model : models) {
    for (const auto& [label, version] : model.labels) {
      const auto served = current->find(model.name);
      const bool is_served = served != current->end() && IsServed(*served->second, version);
      if (!is_served && !WouldBeLoaded(model, version)) return LabelRefused(model.name, version);
    }
  }
  return OkStatus();
}

Catalogue::Change Catalogue::BeginChange(const std::vector<ModelSettings>& models) {
  Change change;
  Models next = *models_.load();
  for (const ModelSettings& wanted : models) {
    std::shared_ptr<VersionManager>& model = next[wanted.name];
    if (model == nullptr) {
      model = Make(wanted);
      change.steps.push_back({model, 1, std::nullopt, wanted.labels});
      continue;
    }
    const ModelSettings before = model->settings();
    if (before == wanted) continue;
    change.steps.push_back({model, model->Configure(wanted), before, wanted.labels});
  }
  Publish(std::move(next));
  if (!is_started_) return change;
  for (const Change::Step& step : change.steps) {
    if (!step.before) step.model->Start();
  }
  return change;
}

Status Catalogue::WaitForChange(const Change& change, const RunLimits& limits) const {
  std::string failures;
  int count = 0;
  for (const Change::Step& step : change.steps) {
    const std::string name = step.model->settings().name;
    const auto outcome =
        step.model->WaitForLook(step.generation, *limits.deadline, limits.is_cancelled);
    if (!outcome) {
      if (limits.is_cancelled && limits.is_cancelled()) return CancelledError("Cancelled");
      return DeadlineExceededError(
          "model {} was not loaded within the request's time; the configuration is as before",
          name);
    }
    if (outcome->is_served) continue;
    ++count;
    failures += fmt::format("{{{} due to error: {}}}, ", ServableText(name, outcome->failed),
                            outcome->problem.ToString());
  }
  if (count > 0) {
    return Status(StatusCode::kUnknown,
                  fmt::format("{} model(s) did not become available: {{{}}}", count, failures));
  }
  if (options_.labels_for_absent_versions) return OkStatus();
  for (const Change::Step& step : change.steps) {
    for (const auto& [label, version] : step.labels) {
      if (!IsServed(*step.model, version)) {
        return LabelRefused(step.model->settings().name, version);
      }
    }
  }
  return OkStatus();
}

void Catalogue::RevertChange(const Change& change) {
  std::vector<ModelSettings> before;
  for (const ModelSettings& settings : settings()) before.push_back(settings);
  for (const Change::Step& step : change.steps) {
    const std::string name = step.model->settings().name;
    std::erase_if(before, [&](const ModelSettings& model) { return model.name == name; });
    if (!step.before) continue;
    step.model->Configure(*step.before);
    before.push_back(*step.before);
  }
  RetireAllBut(before);
}

void Catalogue::RetireAllBut(const std::vector<ModelSettings>& models) {
  std::set<std::string> names;
  for (const ModelSettings& model : models) names.insert(model.name);
  Models next = *models_.load();
  std::erase_if(next, [&](const auto& entry) {
    if (names.contains(entry.first)) return false;
    retired_.push_back(entry.second);
    return true;
  });
  Publish(std::move(next));
  for (const auto& model : retired_) model->Retire();
  // The last lookup that began before a model left may still hold it, never its last reference.
  std::erase_if(retired_, [](const std::shared_ptr<VersionManager>& model) {
    return model->is_gone() && model.use_count() == 1;
  });
}

}  // namespace trainyard::serving
