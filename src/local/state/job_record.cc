#include "local/state/job_record.h"

#include <array>
#include <charconv>

#include <nlohmann/json.hpp>

#include "local/state/timestamp.h"

namespace trainyard::local {
namespace {

using Json = nlohmann::ordered_json;
using job::ConditionType;
using job::ReplicaState;

constexpr int kFormatVersion = 1;
constexpr Stage kStages[] = {Stage::kQueued, Stage::kActive, Stage::kStopped, Stage::kEnded};
constexpr ConditionType kConditionTypes[] = {ConditionType::kCreated,    ConditionType::kRunning,
                                             ConditionType::kRestarting, ConditionType::kSucceeded,
                                             ConditionType::kSuspended,  ConditionType::kFailed};
constexpr std::pair<ReplicaState, std::string_view> kReplicaStates[] = {
    {ReplicaState::kNotStarted, "NotStarted"},
    {ReplicaState::kWaiting, "Waiting"},
    {ReplicaState::kStarted, "Started"},
    {ReplicaState::kSucceeded, "Succeeded"},
    {ReplicaState::kFailed, "Failed"}};

std::string Dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// Reading: an absent member or one of another type leaves the value as it is.

const Json* Find(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

void Take(const Json& object, const char* key, std::string* out) {
  const Json* value = Find(object, key);
  if (value != nullptr && value->is_string()) *out = value->get<std::string>();
}

void Take(const Json& object, const char* key, bool* out) {
  const Json* value = Find(object, key);
  if (value != nullptr && value->is_boolean()) *out = value->get<bool>();
}

template <class Integer>
void TakeInteger(const Json& object, const char* key, Integer* out) {
  const Json* value = Find(object, key);
  if (value == nullptr || !value->is_number_integer()) return;
  const auto wide = value->get<int64_t>();
  if (std::in_range<Integer>(wide)) *out = static_cast<Integer>(wide);
}

template <class Integer>
void TakeInteger(const Json& object, const char* key, std::optional<Integer>* out) {
  if (Find(object, key) == nullptr) return;
  Integer value{};
  TakeInteger(object, key, &value);
  *out = value;
}

void Take(const Json& object, const char* key, std::optional<double>* out) {
  const Json* value = Find(object, key);
  if (value != nullptr && value->is_number()) *out = value->get<double>();
}

std::optional<job::TimePoint> TimeAt(const Json& object, const char* key) {
  std::string text;
  Take(object, key, &text);
  return ParseTimestamp(text);
}

void Take(const Json& object, const char* key, job::TimePoint* out) {
  if (const auto time = TimeAt(object, key)) *out = *time;
}

template <class Use>
void ForEach(const Json& object, const char* key, const Use& use) {
  const Json* list = Find(object, key);
  if (list == nullptr || !(list->is_array() || list->is_object())) return;
  for (const auto& [name, value] : list->items()) use(name, value);
}

// Each part of the record, written and read.

Json ToJson(const job::JobStatus& status) {
  Json conditions = Json::array();
  for (const job::Condition& condition : status.conditions) {
    conditions.push_back({{"type", job::ConditionTypeName(condition.type)},
                          {"status", condition.status ? "True" : "False"},
                          {"reason", condition.reason},
                          {"message", condition.message},
                          {"lastUpdateTime", FormatTimestamp(condition.last_update_time)},
                          {"lastTransitionTime", FormatTimestamp(condition.last_transition_time)}});
  }
  Json counts = Json::object();
  for (const auto& [type, count] : status.replica_counts) {
    Json& entry = counts[std::string(spec::ReplicaTypeName(type))] = Json::object();
    if (count.active != 0) entry["active"] = count.active;
    if (count.succeeded != 0) entry["succeeded"] = count.succeeded;
    if (count.failed != 0) entry["failed"] = count.failed;
  }
  Json json = {{"conditions", conditions}, {"replicaStatuses", counts}};
  if (status.start_time) json["startTime"] = FormatTimestamp(*status.start_time);
  if (status.completion_time) json["completionTime"] = FormatTimestamp(*status.completion_time);
  return json;
}

void FromJson(const Json& json, job::JobStatus* status) {
  ForEach(json, "conditions", [&](const std::string&, const Json& entry) {
    std::string type;
    std::string value;
    Take(entry, "type", &type);
    Take(entry, "status", &value);
    for (const ConditionType known : kConditionTypes) {
      if (job::ConditionTypeName(known) != type) continue;
      job::Condition condition{.type = known, .status = value == "True"};
      Take(entry, "reason", &condition.reason);
      Take(entry, "message", &condition.message);
      Take(entry, "lastUpdateTime", &condition.last_update_time);
      Take(entry, "lastTransitionTime", &condition.last_transition_time);
      status->conditions.push_back(std::move(condition));
    }
  });
  ForEach(json, "replicaStatuses", [&](const std::string& name, const Json& entry) {
    const auto type = spec::ToReplicaType(name);
    if (!type) return;
    job::ReplicaCounts& counts = status->replica_counts[*type];
    TakeInteger(entry, "active", &counts.active);
    TakeInteger(entry, "succeeded", &counts.succeeded);
    TakeInteger(entry, "failed", &counts.failed);
  });
  status->start_time = TimeAt(json, "startTime");
  status->completion_time = TimeAt(json, "completionTime");
}

Json ToJson(const Progress& progress) {
  Json json = Json::object();
  const auto put = [&](const char* key, const auto& value) {
    if (value) json[key] = *value;
  };
  if (!progress.phase.empty()) json["phase"] = progress.phase;
  put("step", progress.step);
  put("max_steps", progress.max_steps);
  put("loss", progress.loss);
  put("steps_per_sec", progress.steps_per_sec);
  put("accuracy", progress.accuracy);
  put("eval_step", progress.eval_step);
  return json;
}

void FromJson(const Json& json, Progress* progress) {
  Take(json, "phase", &progress->phase);
  TakeInteger(json, "step", &progress->step);
  TakeInteger(json, "max_steps", &progress->max_steps);
  Take(json, "loss", &progress->loss);
  Take(json, "steps_per_sec", &progress->steps_per_sec);
  Take(json, "accuracy", &progress->accuracy);
  TakeInteger(json, "eval_step", &progress->eval_step);
}

Json ToJson(const ReplicaInfo& replica, const job::ReplicaRecord& memory) {
  Json json = {{"name", replica.id.Name()}};
  if (!replica.state.empty()) json["state"] = replica.state;
  if (replica.pid != 0) json["pid"] = replica.pid;
  json["restarts"] = memory.restarts;
  if (replica.has_ended) json["exitCode"] = replica.exit_code;
  if (!replica.message.empty()) json["message"] = replica.message;
  std::string_view state;
  for (const auto& [known, name] : kReplicaStates) {
    if (known == memory.state) state = name;
  }
  json["plan"] = {{"state", state},
                  {"instance", memory.instance},
                  {"inPlaceRestarts", memory.in_place_restarts},
                  {"quickFailures", memory.quick_failures},
                  {"exitCode", memory.exit_code},
                  {"hasRun", memory.has_run},
                  {"isStuckTold", memory.is_stuck_told},
                  {"startAfter", FormatTimestampMillis(memory.start_after)},
                  {"since", FormatTimestampMillis(memory.since)}};
  return json;
}

void ReplicaFromJson(const Json& json, JobRecord* record) {
  std::string name;
  Take(json, "name", &name);
  const auto id = ParseReplicaName(name);
  if (!id) return;
  ReplicaInfo info{.id = *id};
  Take(json, "state", &info.state);
  TakeInteger(json, "pid", &info.pid);
  TakeInteger(json, "restarts", &info.restarts);
  info.has_ended = Find(json, "exitCode") != nullptr;
  TakeInteger(json, "exitCode", &info.exit_code);
  Take(json, "message", &info.message);
  if (const Json* plan = Find(json, "plan")) {
    job::ReplicaRecord& memory = record->status.replicas[*id];
    memory.restarts = info.restarts;
    std::string state;
    Take(*plan, "state", &state);
    for (const auto& [known, text] : kReplicaStates) {
      if (text == state) memory.state = known;
    }
    TakeInteger(*plan, "instance", &memory.instance);
    TakeInteger(*plan, "inPlaceRestarts", &memory.in_place_restarts);
    TakeInteger(*plan, "quickFailures", &memory.quick_failures);
    Take(*plan, "hasRun", &memory.has_run);
    Take(*plan, "isStuckTold", &memory.is_stuck_told);
    Take(*plan, "since", &memory.since);
    TakeInteger(*plan, "exitCode", &memory.exit_code);
    Take(*plan, "startAfter", &memory.start_after);
  }
  // One that the job has no more is only remembered.
  if (!info.state.empty()) record->replicas.push_back(std::move(info));
}

Json ToJson(const Submission& submission) {
  Json json = {{"directory", submission.directory}};
  if (!submission.file.empty()) json["file"] = submission.file;
  if (!submission.overrides.empty()) json["overrides"] = submission.overrides;
  for (const ImageMapping& mapping : submission.images) {
    json["images"].push_back({{"image", mapping.image}, {"target", mapping.target}});
  }
  if (!submission.volumes.empty()) json["volumes"] = submission.volumes;
  json["logs"] = {{"maxBytes", submission.logs.max_bytes}, {"maxFiles", submission.logs.max_files}};
  json["enforceLimits"] = submission.enforce_limits;
  return json;
}

void FromJson(const Json& json, Submission* submission) {
  Take(json, "directory", &submission->directory);
  Take(json, "file", &submission->file);
  ForEach(json, "overrides", [&](const std::string&, const Json& entry) {
    if (entry.is_string()) submission->overrides.push_back(entry.get<std::string>());
  });
  ForEach(json, "images", [&](const std::string&, const Json& entry) {
    ImageMapping mapping;
    Take(entry, "image", &mapping.image);
    Take(entry, "target", &mapping.target);
    submission->images.push_back(std::move(mapping));
  });
  ForEach(json, "volumes", [&](const std::string& name, const Json& entry) {
    if (entry.is_string()) submission->volumes[name] = entry.get<std::string>();
  });
  if (const Json* logs = Find(json, "logs")) {
    TakeInteger(*logs, "maxBytes", &submission->logs.max_bytes);
    TakeInteger(*logs, "maxFiles", &submission->logs.max_files);
  }
  Take(json, "enforceLimits", &submission->enforce_limits);
}

Json ReplicasToJson(const JobRecord& record) {
  Json list = Json::array();
  std::map<job::ReplicaId, const ReplicaInfo*> seen;
  for (const ReplicaInfo& replica : record.replicas) seen[replica.id] = &replica;
  for (const auto& [id, memory] : record.status.replicas) seen.emplace(id, nullptr);
  for (const auto& [id, replica] : seen) {
    const auto memory = record.status.replicas.find(id);
    const bool is_known = memory != record.status.replicas.end();
    list.push_back(ToJson(replica == nullptr ? ReplicaInfo{.id = id} : *replica,
                          is_known ? memory->second : job::ReplicaRecord{}));
  }
  return list;
}

}  // namespace

std::string_view StageName(Stage stage) {
  switch (stage) {
    case Stage::kQueued:
      return "Queued";
    case Stage::kActive:
      return "Active";
    case Stage::kStopped:
      return "Stopped";
    case Stage::kEnded:
      return "Ended";
  }
  return "";
}

std::optional<job::ReplicaId> ParseReplicaName(std::string_view name) {
  const size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto type = spec::ToReplicaType(name.substr(0, dash));
  const std::string_view digits = name.substr(dash + 1);
  int index = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  const bool is_whole = error == std::errc() && end == digits.data() + digits.size();
  if (!type || !is_whole || index < 0) return std::nullopt;
  return job::ReplicaId{*type, index};
}

std::string FormatJobRecord(const JobRecord& record) {
  Json json = {{"formatVersion", kFormatVersion},
               {"name", record.name},
               {"namespace", record.name_space},
               {"stage", StageName(record.stage)},
               {"submittedAt", FormatTimestampMillis(record.submitted_at)},
               {"updatedAt", FormatTimestampMillis(record.updated_at)},
               {"runner", {{"pid", record.runner.pid}, {"startTicks", record.runner.start_ticks}}}};
  if (!record.stop_reason.empty()) json["stopReason"] = record.stop_reason;
  if (record.ttl_seconds_after_finished) {
    json["ttlSecondsAfterFinished"] = *record.ttl_seconds_after_finished;
  }
  json["submission"] = ToJson(record.submission);
  json["status"] = ToJson(record.status);
  if (record.status.is_limit_exceeded) json["isLimitExceeded"] = true;
  json["replicas"] = ReplicasToJson(record);
  json["progress"] = ToJson(record.progress);
  return Dump(json, 1) + "\n";
}

Result<JobRecord> ParseJobRecord(std::string_view text, std::string_view file_name) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    return DataLossError("{} is damaged: it is {}", file_name,
                         text.empty() ? "empty" : "not JSON, or cut off");
  }
  JobRecord record;
  Take(json, "name", &record.name);
  if (record.name.empty()) {
    return DataLossError("{} is damaged: it does not name a job", file_name);
  }
  Take(json, "namespace", &record.name_space);
  std::string stage;
  Take(json, "stage", &stage);
  for (const Stage known : kStages) {
    if (StageName(known) == stage) record.stage = known;
  }
  Take(json, "submittedAt", &record.submitted_at);
  Take(json, "updatedAt", &record.updated_at);
  if (const Json* runner = Find(json, "runner")) {
    TakeInteger(*runner, "pid", &record.runner.pid);
    TakeInteger(*runner, "startTicks", &record.runner.start_ticks);
  }
  Take(json, "stopReason", &record.stop_reason);
  TakeInteger(json, "ttlSecondsAfterFinished", &record.ttl_seconds_after_finished);
  if (const Json* submission = Find(json, "submission")) {
    FromJson(*submission, &record.submission);
  }
  if (const Json* status = Find(json, "status")) FromJson(*status, &record.status);
  Take(json, "isLimitExceeded", &record.status.is_limit_exceeded);
  ForEach(json, "replicas",
          [&](const std::string&, const Json& entry) { ReplicaFromJson(entry, &record); });
  if (const Json* progress = Find(json, "progress")) FromJson(*progress, &record.progress);
  return record;
}

std::string FormatHistoryEvent(const HistoryEvent& event) {
  Json json = {{"time", FormatTimestampMillis(event.time)},
               {"type", event.is_warning ? "Warning" : "Normal"},
               {"reason", event.reason},
               {"message", event.message}};
  if (!event.replica.empty()) json["replica"] = event.replica;
  return Dump(json, -1);
}

std::optional<HistoryEvent> ParseHistoryEvent(std::string_view line) {
  if (line.size() > 65536) return std::nullopt;
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  HistoryEvent event;
  std::string type;
  Take(json, "time", &event.time);
  Take(json, "type", &type);
  event.is_warning = type == "Warning";
  Take(json, "reason", &event.reason);
  Take(json, "message", &event.message);
  Take(json, "replica", &event.replica);
  return event;
}

}  // namespace trainyard::local
