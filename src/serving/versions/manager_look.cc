// What the polling thread does: look, load, publish, unload.
#include <malloc.h>

#include <algorithm>
#include <utility>

#include "base/files.h"
#include "base/log.h"
#include "serving/versions/checksums.h"
#include "serving/versions/labels.h"
#include "serving/versions/manager.h"
#include "serving/versions/run_aside.h"

namespace trainyard::serving {
namespace {

// After so many looks the directory is listed whether its stamp says so or not.
constexpr int kMaxLooksWithoutListing = 30;

// Why the policy's choice is not complete, if files are what it lacks.
Status WhatIsMissing(const VersionPlan& plan, const std::string& base_path) {
  for (const VersionSeen& version : plan.waiting) {
    if (version.missing.empty()) continue;
    return FailedPreconditionError("version {} is not loaded: {} is missing in {}", version.version,
                                   version.missing, version.directory);
  }
  if (!plan.absent.empty()) {
    return NotFoundError("version {} is not in {}", plan.absent.front(), base_path);
  }
  return OkStatus();
}

}  // namespace

LookOutcome VersionManager::Look(const ModelSettings& settings, uint64_t generation,
                                 TimePoint now) {
  SetLabels(settings.labels);
  looks_again_soon_ = false;
  const std::optional<std::string> stamp = DirectoryStamp(settings.base_path);
  if (stamp && stamp == listed_stamp_ && ++looks_since_listing_ < kMaxLooksWithoutListing) {
    return {.is_served = true};
  }
  listed_stamp_.reset();
  looks_since_listing_ = 0;
  LookOutcome outcome;
  const auto on_disk = ListVersionDirectories(settings.base_path);
  if (!on_disk.ok() || on_disk->empty()) {
    outcome.problem = on_disk.ok() ? NotFoundError("no version directory in {}", settings.base_path)
                                   : on_disk.status();
    return outcome;
  }
  const std::vector<VersionSeen> seen = Inspect(settings, *on_disk);
  const VersionPlan plan = Apply(settings, seen, generation, now, &outcome);
  for (const VersionSeen& version : plan.waiting) {
    looks_again_soon_ = looks_again_soon_ || version.missing.empty();
  }
  if (outcome.problem.ok()) {
    outcome.problem = WhatIsMissing(plan, settings.base_path);
    if (!outcome.problem.ok() && !plan.waiting.empty()) outcome.failed = plan.waiting[0].version;
  }
  if (outcome.problem.ok() && plan.waiting.empty() && failed_.empty()) listed_stamp_ = stamp;
  return outcome;
}

std::vector<VersionSeen> VersionManager::Inspect(const ModelSettings& settings,
                                                 const std::vector<VersionDirectory>& on_disk) {
  const std::vector<ServedVersion> serving = Served();
  std::vector<ServedVersion> all;
  for (const VersionDirectory& found : on_disk) all.push_back({found.version, found.directory});
  std::vector<VersionSeen> seen;
  std::map<int64_t, std::string> fingerprints;
  for (const ServedVersion& version : all) {
    if (!IsWorthInspecting(settings.policy, version, all, serving)) {
      const bool is_served = std::find(serving.begin(), serving.end(), version) != serving.end();
      if (is_served) seen.push_back({version.version, version.directory, "", ""});
      continue;
    }
    seen.push_back(InspectVersion(version.version, version.directory));
    // Files that changed between two looks may change on, whatever the storage's clock says.
    const auto before = fingerprints_.find(version.version);
    if (before != fingerprints_.end() && before->second != seen.back().fingerprint) {
      seen.back().is_settled = false;
    }
    fingerprints[version.version] = seen.back().fingerprint;
  }
  fingerprints_ = std::move(fingerprints);
  std::erase_if(failed_, [&](const auto& entry) {
    return std::none_of(seen.begin(), seen.end(),
                        [&](const VersionSeen& v) { return v.version == entry.first; });
  });
  return seen;
}

VersionPlan VersionManager::Apply(const ModelSettings& settings,
                                  const std::vector<VersionSeen>& seen, uint64_t generation,
                                  TimePoint now, LookOutcome* outcome) {
  VersionPlan plan;
  while (true) {
    plan = PlanVersions(settings.policy, seen, Served(), failed_, now);
    if (plan.load.empty() || stop_.stop_requested() || has_changed(generation)) break;
    const VersionSeen& wanted = plan.load.front();
    const Status loaded = Load(wanted, now);
    if (loaded.ok() || !outcome->problem.ok()) continue;
    outcome->problem = loaded.WithContext(fmt::format("version {}", wanted.version));
    outcome->failed = wanted.version;  // the newest version's failure is the one to tell
  }
  for (const int64_t version : plan.unload) Unload(version);
  outcome->is_served = plan.has_choice && plan.load.empty();
  return plan;
}

Status VersionManager::Load(const VersionSeen& wanted, TimePoint now) {
  reports_.Set(wanted.version, VersionState::kStart);
  const LoadSlots::Slot slot =
      options_.slots != nullptr ? options_.slots->Acquire(stop_) : LoadSlots::Slot(nullptr);
  if (options_.slots != nullptr && !slot) return CancelledError("the server is stopping");
  reports_.Set(wanted.version, VersionState::kLoading);
  const TimePoint start = std::chrono::steady_clock::now();
  Result<std::unique_ptr<const Servable>> loaded = nullptr;
  const bool background = options_.slots != nullptr && options_.slots->anything_served();
  RunAside(background, [&] { loaded = LoadAndPrepare(wanted); });
  const auto took = std::chrono::steady_clock::now() - start;
  if (options_.on_load) {
    options_.on_load({options_.model.name, wanted.version}, wanted.directory, loaded.status(),
                     took);
  }
  if (!loaded.ok()) {
    const auto before = failed_.find(wanted.version);
    failed_[wanted.version] =
        NextFailure(options_.retry, before == failed_.end() ? nullptr : &before->second,
                    wanted.fingerprint, now);
    reports_.Set(wanted.version, VersionState::kEnd, loaded.status());
    return loaded.status();
  }
  failed_.erase(wanted.version);
  LogInfo("loaded model \"{}\" version {} from {} in {} ms", options_.model.name, wanted.version,
          wanted.directory, std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
  Publish(std::move(loaded).value(), wanted.directory);
  return OkStatus();
}

Result<std::unique_ptr<const Servable>> VersionManager::LoadAndPrepare(
    const VersionSeen& wanted) const {
  const std::string refused =
      RefusedFormat(ListDirectory(wanted.directory).value_or(std::vector<std::string>()));
  if (!refused.empty()) {
    return FailedPreconditionError("cannot load {}: {}", wanted.directory, refused);
  }
  RETURN_IF_ERROR(VerifyChecksums(wanted.directory));
  ASSIGN_OR_RETURN(auto servable,
                   Servable::Load({options_.model.name, wanted.version}, wanted.directory,
                                  options_.session, options_.tags, options_.make_batcher));
  if (options_.prepare) RETURN_IF_ERROR(options_.prepare(*servable, wanted.directory));
  if (InspectVersion(wanted.version, wanted.directory).fingerprint != wanted.fingerprint) {
    return UnavailableError("the files in {} changed while they were being loaded",
                            wanted.directory);
  }
  return servable;
}

std::vector<ServedVersion> VersionManager::Served() const {
  std::vector<ServedVersion> served;
  for (const auto& [version, directory] : directories_) served.push_back({version, directory});
  return served;
}

void VersionManager::Publish(std::shared_ptr<const Servable> servable,
                             const std::string& directory) {
  const int64_t version = servable->id().version;
  auto next = std::make_shared<ServedSet>(*served_.load());
  std::shared_ptr<const Servable> before = std::exchange(next->versions[version], servable);
  next->labels =
      ResolveLabels(labels_, next->labels, [&](int64_t v) { return next->versions.contains(v); });
  served_.store(std::move(next));
  directories_[version] = directory;
  reports_.Set(version, VersionState::kAvailable);
  if (before != nullptr) draining_.push_back(std::move(before));
  if (options_.slots != nullptr) options_.slots->NoteServed();
  on_serving_(*servable);
}

void VersionManager::Unload(int64_t version) {
  auto next = std::make_shared<ServedSet>(*served_.load());
  const auto leaving = next->versions.find(version);
  if (leaving == next->versions.end()) return;
  draining_.push_back(leaving->second);
  next->versions.erase(leaving);
  next->labels =
      ResolveLabels(labels_, next->labels, [&](int64_t v) { return next->versions.contains(v); });
  served_.store(std::move(next));
  directories_.erase(version);
  reports_.Set(version, VersionState::kUnloading);
}

void VersionManager::SetLabels(const VersionLabels& labels) {
  if (labels == labels_) return;
  labels_ = labels;
  auto next = std::make_shared<ServedSet>(*served_.load());
  next->labels =
      ResolveLabels(labels_, next->labels, [&](int64_t v) { return next->versions.contains(v); });
  served_.store(std::move(next));
}

void VersionManager::ReleaseUnused() {
  // Nobody can get hold of a version that is not in the served set any more, so a count of one,
  // which is ours, is final.
  std::vector<std::shared_ptr<const Servable>> unused;
  std::erase_if(draining_, [&](std::shared_ptr<const Servable>& servable) {
    if (servable.use_count() > 1) return false;
    unused.push_back(std::move(servable));
    return true;
  });
  for (std::shared_ptr<const Servable>& servable : unused) {
    const int64_t version = servable->id().version;
    // Gigabytes take a while to give back.
    RunAside(options_.slots != nullptr, [&] { servable.reset(); });
    // Else what was freed stays with the process. Not in the background: each of the allocator's
    // arenas is locked meanwhile, and requests that want memory would wait for a thread that waits
    // for the processor.
    malloc_trim(0);
    if (!directories_.contains(version)) reports_.Set(version, VersionState::kEnd);
    LogInfo("unloaded model \"{}\" version {}", options_.model.name, version);
  }
  const bool is_empty = directories_.empty() && draining_.empty();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (is_retired_ && is_empty && outcome_.generation == generation_) is_gone_ = true;
}

}  // namespace trainyard::serving
