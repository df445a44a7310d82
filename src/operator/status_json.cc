#include "operator/status_json.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "operator/names.h"

namespace trainyard::operators {
namespace {

using job::ConditionType;
using job::ReplicaId;
using job::ReplicaRecord;
using job::ReplicaState;
using kube::Json;
using spec::ReplicaType;

constexpr ConditionType kConditionTypes[] = {ConditionType::kCreated,    ConditionType::kRunning,
                                             ConditionType::kRestarting, ConditionType::kSucceeded,
                                             ConditionType::kSuspended,  ConditionType::kFailed};

// More replicas than this do not come out of one entry, whatever a damaged status says.
constexpr int kMaxReplicas = 100'000;

constexpr std::array<std::pair<ReplicaState, std::string_view>, 5> kStates{{
    {ReplicaState::kNotStarted, "NotStarted"},
    {ReplicaState::kWaiting, "Waiting"},
    {ReplicaState::kStarted, "Started"},
    {ReplicaState::kSucceeded, "Succeeded"},
    {ReplicaState::kFailed, "Failed"},
}};

std::string_view StateName(ReplicaState state) {
  for (const auto& [value, name] : kStates) {
    if (value == state) return name;
  }
  return "";
}

ReplicaState ToState(std::string_view name) {
  for (const auto& [state, text] : kStates) {
    if (text == name) return state;
  }
  return ReplicaState::kNotStarted;
}

std::optional<ConditionType> ToConditionType(std::string_view name) {
  for (const ConditionType type : kConditionTypes) {
    if (job::ConditionTypeName(type) == name) return type;
  }
  return std::nullopt;
}

std::optional<job::Condition> ReadCondition(const Json& item) {
  const auto type = ToConditionType(kube::GetString(item, {"type"}));
  if (!type) return std::nullopt;
  job::Condition condition;
  condition.type = *type;
  condition.status = kube::GetString(item, {"status"}) == "True";
  condition.reason = kube::GetString(item, {"reason"});
  condition.message = kube::GetString(item, {"message"});
  condition.last_update_time = kube::GetTime(item, {"lastUpdateTime"}).value_or(job::TimePoint{});
  condition.last_transition_time =
      kube::GetTime(item, {"lastTransitionTime"}).value_or(job::TimePoint{});
  return condition;
}

Json WriteCondition(const job::Condition& condition) {
  return {{"type", job::ConditionTypeName(condition.type)},
          {"status", condition.status ? "True" : "False"},
          {"reason", condition.reason},
          {"message", condition.message},
          {"lastUpdateTime", kube::FormatTime(condition.last_update_time)},
          {"lastTransitionTime", kube::FormatTime(condition.last_transition_time)}};
}

ReplicaRecord ReadRecord(const Json& entry) {
  const auto number = [&](std::string_view key) {
    return static_cast<int>(std::clamp<int64_t>(kube::GetInt(entry, {key}), 0, 1'000'000'000));
  };
  ReplicaRecord record;
  record.state = ToState(kube::GetString(entry, {"state"}));
  record.instance = number("instance");
  record.restarts = number("restarts");
  record.in_place_restarts = number("inPlaceRestarts");
  record.quick_failures = number("quickFailures");
  record.exit_code = number("exitCode");
  record.has_run = kube::GetBool(entry, {"hasRun"});
  record.is_stuck_told = kube::GetBool(entry, {"stuckTold"});
  record.start_after = kube::GetTime(entry, {"startAfter"}).value_or(job::TimePoint{});
  record.since = kube::GetTime(entry, {"since"}).value_or(job::TimePoint{});
  return record;
}

Json WriteRecord(const ReplicaRecord& record) {
  Json entry = {{"state", StateName(record.state)}};
  const auto add_number = [&](const char* key, int value) {
    if (value != 0) entry[key] = value;
  };
  const auto add_flag = [&](const char* key, bool value) {
    if (value) entry[key] = true;
  };
  const auto add_time = [&](const char* key, job::TimePoint value) {
    if (value != job::TimePoint{}) entry[key] = kube::FormatTime(value);
  };
  add_number("instance", record.instance);
  add_number("restarts", record.restarts);
  add_number("inPlaceRestarts", record.in_place_restarts);
  add_number("quickFailures", record.quick_failures);
  add_number("exitCode", record.exit_code);
  add_flag("hasRun", record.has_run);
  add_flag("stuckTold", record.is_stuck_told);
  add_time("startAfter", record.start_after);
  add_time("since", record.since);
  return entry;
}

void ReadRecords(const Json& object, job::ReplicaRecords* records) {
  int total = 0;
  for (const Json& entry : kube::GetList(object, {"status", "trainyard", "replicas"})) {
    const auto type = spec::ToReplicaType(kube::GetString(entry, {"type"}));
    const int64_t from = kube::GetInt(entry, {"from"}, -1);
    const int64_t to = kube::GetInt(entry, {"to"}, -1);
    if (!type || from < 0 || to < from || to - from >= kMaxReplicas - total) continue;
    const ReplicaRecord record = ReadRecord(entry);
    for (int64_t index = from; index <= to; ++index, ++total) {
      (*records)[{*type, static_cast<int>(index)}] = record;
    }
  }
}

Json WriteRecords(const job::ReplicaRecords& records) {
  Json entries = Json::array();
  ReplicaId last;
  Json last_entry;
  for (const auto& [id, record] : records) {
    Json entry = WriteRecord(record);
    if (!entries.empty() && id.type == last.type && id.index == last.index + 1 &&
        entry == last_entry) {
      entries.back()["to"] = id.index;
    } else {
      last_entry = entry;
      entry["type"] = spec::TaskTypeName(id.type);
      entry["from"] = id.index;
      entry["to"] = id.index;
      entries.push_back(std::move(entry));
    }
    last = id;
  }
  return entries;
}

// v1alpha1's own words for it.
void WriteFirstVersion(const job::JobStatus& status, Json* out) {
  const bool has_succeeded = status.Is(ConditionType::kSucceeded);
  const job::Condition* failed = status.Find(ConditionType::kFailed);
  const bool runs = status.Is(ConditionType::kRunning) || status.Is(ConditionType::kRestarting);
  (*out)["phase"] = has_succeeded       ? "Done"
                    : failed != nullptr ? "Failed"
                    : runs              ? "Running"
                                        : "Creating";
  (*out)["state"] = has_succeeded ? "Succeeded" : failed != nullptr ? "Failed" : "Running";
  if (failed != nullptr) (*out)["reason"] = failed->message;
}

Json WriteCounts(const spec::TFJob& job, const job::JobStatus& status, ReplicaType type,
                 job::ReplicaCounts counts) {
  if (status.Is(ConditionType::kSucceeded)) {
    counts.succeeded += counts.active;
    counts.active = 0;
  }
  Json out = Json::object();
  if (counts.active != 0) out["active"] = counts.active;
  if (counts.succeeded != 0) out["succeeded"] = counts.succeeded;
  if (counts.failed != 0) out["failed"] = counts.failed;
  // What an autoscaler finds the pods by, through the scale subresource.
  out["selector"] = JobSelector(job.name) + "," + std::string(kReplicaTypeLabel) + "=" +
                    std::string(spec::TaskTypeName(type));
  return out;
}

}  // namespace

job::JobStatus ReadStatus(const Json& object) {
  job::JobStatus status;
  for (const Json& item : kube::GetList(object, {"status", "conditions"})) {
    if (auto condition = ReadCondition(item)) status.conditions.push_back(std::move(*condition));
  }
  if (const Json* counts = kube::Find(object, {"status", "replicaStatuses"});
      counts != nullptr && counts->is_object()) {
    for (const auto& [name, value] : counts->items()) {
      const auto type = spec::ToReplicaType(name);
      if (!type) continue;
      status.replica_counts[*type] = {
          .active = static_cast<int>(kube::GetInt(value, {"active"})),
          .succeeded = static_cast<int>(kube::GetInt(value, {"succeeded"})),
          .failed = static_cast<int>(kube::GetInt(value, {"failed"}))};
    }
  }
  status.start_time = kube::GetTime(object, {"status", "startTime"});
  status.completion_time = kube::GetTime(object, {"status", "completionTime"});
  status.is_limit_exceeded = kube::GetBool(object, {"status", "trainyard", "limitExceeded"});
  ReadRecords(object, &status.replicas);
  return status;
}

std::optional<ConditionType> ReadState(const Json& object) {
  std::optional<ConditionType> state;
  for (const Json& item : kube::GetList(object, {"status", "conditions"})) {
    const auto type = ToConditionType(kube::GetString(item, {"type"}));
    if (type && kube::GetString(item, {"status"}) == "True") state = type;
  }
  return state;
}

Json WriteStatus(const spec::TFJob& job, const job::JobStatus& status) {
  Json out = {{"conditions", Json::array()}, {"replicaStatuses", Json::object()}};
  for (const job::Condition& condition : status.conditions) {
    out["conditions"].push_back(WriteCondition(condition));
  }
  for (const auto& [type, counts] : status.replica_counts) {
    out["replicaStatuses"][std::string(spec::ReplicaTypeName(type))] =
        WriteCounts(job, status, type, counts);
  }
  if (status.start_time) out["startTime"] = kube::FormatTime(*status.start_time);
  if (status.completion_time) out["completionTime"] = kube::FormatTime(*status.completion_time);
  Json memory = Json::object();
  if (!status.replicas.empty()) memory["replicas"] = WriteRecords(status.replicas);
  if (status.is_limit_exceeded) memory["limitExceeded"] = true;
  if (!memory.empty()) out["trainyard"] = std::move(memory);
  if (job.rules == spec::JobRules::kV1Alpha1) WriteFirstVersion(status, &out);
  return out;
}

bool HasNews(const Json& before, const Json& after) {
  for (const char* key : {"conditions", "startTime", "completionTime"}) {
    if (before.value(key, Json()) != after.value(key, Json())) return true;
  }
  return false;
}

}  // namespace trainyard::operators
