#include "cli/cluster/cluster_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "cli/local_source.h"
#include "operator/job_object.h"
#include "operator/names.h"
#include "operator/status_json.h"

namespace trainyard::cli {
namespace {

using job::ConditionType;
using job::Phase;
using kube::Json;
using operators::kTFJobs;
using operators::PodView;

std::string StateOf(const PodView& pod) {
  const job::ReplicaView& replica = pod.replica;
  if (pod.deleted_at && replica.is_active()) return "ending";
  switch (replica.phase) {
    case Phase::kPending:
      return replica.waiting_for.empty() ? "pending" : "waiting";
    case Phase::kRunning:
      return "running";
    case Phase::kSucceeded:
      return "succeeded";
    case Phase::kFailed:
      return replica.disrupted ? "disrupted" : replica.out_of_memory ? "out of memory" : "failed";
  }
  return "";
}

// What is remembered of a replica that has no pod.
std::string StateOf(const job::ReplicaRecord& record, bool job_has_ended) {
  switch (record.state) {
    case job::ReplicaState::kNotStarted:
      return "not started";
    case job::ReplicaState::kWaiting:
      if (record.quick_failures == 0) return "not started";
      return job_has_ended ? "failed" : "restarting";
    case job::ReplicaState::kStarted:
      return "gone";
    case job::ReplicaState::kSucceeded:
      return "succeeded";
    case job::ReplicaState::kFailed:
      return "failed";
  }
  return "";
}

// The kubelet's restarts that the operator has not counted yet. Those of a pod that is about to be
// replaced it has.
int UncountedRestarts(const job::ReplicaView& replica, const job::ReplicaRecord* record) {
  if (record == nullptr || replica.instance > record->instance) return replica.in_place_restarts;
  if (replica.instance < record->instance) return 0;
  return std::max(0, replica.in_place_restarts - record->in_place_restarts);
}

ReplicaLine ToLine(const job::ReplicaId& id, const PodView* pod, const job::ReplicaRecord* record,
                   bool job_has_ended, job::TimePoint now) {
  ReplicaLine line{.name = id.Name()};
  if (record != nullptr) line.restarts = record->restarts;
  if (pod == nullptr) {
    if (record != nullptr) line.state = StateOf(*record, job_has_ended);
    return line;
  }
  const job::ReplicaView& replica = pod->replica;
  line.state = StateOf(*pod);
  line.place = pod->node;
  line.is_running = replica.phase == Phase::kRunning;
  line.last_line = replica.waiting_for;
  line.restarts += UncountedRestarts(replica, record);
  if (!replica.is_active()) line.exit_code = replica.exit_code;
  if (replica.started_at != job::TimePoint{}) {
    line.age = (replica.is_active() ? now : replica.ended_at) - replica.started_at;
  }
  return line;
}

std::string NoteOf(const job::JobStatus& status, const Json& object) {
  if (const job::Condition* failed = status.Find(ConditionType::kFailed)) return failed->message;
  if (kube::IsBeingDeleted(object)) return "it is being deleted";
  if (status.Is(ConditionType::kSuspended)) {
    return "set spec.runPolicy.suspend to false to start it";
  }
  if (status.conditions.empty()) {
    return "no operator has taken it up yet; is one running? (trainyard operator)";
  }
  return "";
}

std::vector<EventLine> ReadEvents(const Json& list, const std::string& job_name) {
  std::vector<EventLine> events;
  for (const Json& item : kube::GetList(list, {"items"})) {
    const std::string about = kube::GetString(item, {"involvedObject", "name"});
    const bool is_of_pod = kube::GetString(item, {"involvedObject", "kind"}) == "Pod";
    EventLine line;
    line.is_warning = kube::GetString(item, {"type"}) == "Warning";
    line.reason = kube::GetString(item, {"reason"});
    line.message = kube::GetString(item, {"message"});
    if (is_of_pod && about.size() > job_name.size())
      line.replica = about.substr(job_name.size() + 1);
    for (const char* field : {"eventTime", "lastTimestamp", "firstTimestamp"}) {
      if (const auto time = kube::GetTime(item, {field})) {
        line.time = std::max(line.time, *time);
      }
    }
    events.push_back(std::move(line));
  }
  return events;
}

// What has happened to the job, and what went wrong with its pods: a reason lies often there.
std::vector<EventLine> FindEvents(const Cluster& cluster, const std::string& name,
                                  const std::string& uid, std::span<const PodView> pods) {
  const kube::Resource events{.plural = "events"};
  std::vector<EventLine> found;
  const auto of_job = cluster.client->List(events, cluster.name_space,
                                           {{"fieldSelector", "involvedObject.uid=" + uid}});
  if (of_job.ok()) found = ReadEvents(*of_job, name);
  const auto of_pods = cluster.client->List(
      events, cluster.name_space, {{"fieldSelector", "involvedObject.kind=Pod,type=Warning"}});
  if (of_pods.ok()) {
    Json mine = {{"items", Json::array()}};
    for (const Json& item : kube::GetList(*of_pods, {"items"})) {
      const std::string pod = kube::GetString(item, {"involvedObject", "name"});
      if (std::any_of(pods.begin(), pods.end(), [&](const PodView& p) { return p.name == pod; })) {
        mine["items"].push_back(item);
      }
    }
    for (EventLine& line : ReadEvents(mine, name)) found.push_back(std::move(line));
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const EventLine& a, const EventLine& b) { return a.time < b.time; });
  return found;
}

std::vector<PodView> ToPodViews(const Json& list) {
  std::vector<PodView> pods;
  for (const Json& item : kube::GetList(list, {"items"}))
    pods.push_back(operators::ToPodView(item));
  return pods;
}

}  // namespace

JobDescription DescribeTFJob(const Json& object, std::span<const PodView> pods,
                             job::TimePoint now) {
  const operators::LoadedJob loaded = operators::LoadJob(object);
  const auto state = operators::ReadState(object);
  JobDescription description{
      .name = loaded.job.name,
      .name_space = loaded.job.name_space,
      .state = state ? std::string(job::ConditionTypeName(*state)) : "New",
      .state_note = NoteOf(loaded.status, object),
      .created =
          kube::GetTime(object, {"metadata", "creationTimestamp"}).value_or(job::TimePoint{}),
      .status = loaded.status};
  std::map<job::ReplicaId, const PodView*> by_id;
  const kube::CompactUid uid = kube::ToCompactUid(loaded.job.uid);
  for (const PodView& pod : pods) {
    if (pod.has_id && pod.owner_uid == uid) by_id[pod.replica.id] = &pod;
  }
  for (const auto& [type, replica] : loaded.job.replicas) {
    for (int index = 0; index < replica.replicas; ++index) by_id[{type, index}];
  }
  for (const auto& [id, pod] : by_id) {
    const auto record = loaded.status.replicas.find(id);
    description.replicas.push_back(
        ToLine(id, pod, record == loaded.status.replicas.end() ? nullptr : &record->second,
               loaded.status.is_finished(), now));
  }
  description.spec = SpecLines(loaded.job);
  return description;
}

Result<std::vector<JobDescription>> ListClusterJobs(const Cluster& cluster, bool all_namespaces) {
  const std::string name_space = all_namespaces ? "" : cluster.name_space;
  ASSIGN_OR_RETURN(const Json jobs, cluster.client->List(kTFJobs, name_space));
  ASSIGN_OR_RETURN(const Json pods,
                   cluster.client->List(kube::kPods, name_space,
                                        {{"labelSelector", operators::OwnedSelector()}}));
  std::map<std::string, std::vector<PodView>> by_job;
  for (PodView& pod : ToPodViews(pods)) {
    std::string key = pod.job_key;
    by_job[std::move(key)].push_back(std::move(pod));
  }
  std::vector<JobDescription> descriptions;
  const job::TimePoint now = std::chrono::system_clock::now();
  for (const Json& job : kube::GetList(jobs, {"items"})) {
    descriptions.push_back(
        DescribeTFJob(job, by_job[kube::Namespace(job) + "/" + kube::Name(job)], now));
  }
  return descriptions;
}

Result<Json> GetTFJob(const Cluster& cluster, const std::string& name) {
  Result<Json> job = cluster.client->Get(kTFJobs, cluster.name_space, name);
  if (job.ok() || job.error().code() != StatusCode::kNotFound) return job;
  const auto all = cluster.client->List(kTFJobs, cluster.name_space);
  if (!all.ok()) {
    return NotFoundError(
        "cannot find TFJobs at {}: {}; kubectl apply --server-side -k deploy/ "
        "installs them",
        cluster.server, all.error().message());
  }
  std::vector<std::string> names;
  for (const Json& item : kube::GetList(*all, {"items"})) names.push_back(kube::Name(item));
  const std::vector<std::string> near = NearNames(name, names);
  if (near.empty()) {
    return NotFoundError(
        "there is no TFJob \"{}\" in namespace {}; `trainyard jobs` lists those "
        "there are, `--local` means those of this machine",
        name, cluster.name_space);
  }
  return NotFoundError("there is no TFJob \"{}\" in namespace {}; did you mean {}?", name,
                       cluster.name_space, fmt::join(near, " or "));
}

Result<JobDescription> DescribeClusterJob(const Cluster& cluster, const std::string& name) {
  ASSIGN_OR_RETURN(const Json job, GetTFJob(cluster, name));
  ASSIGN_OR_RETURN(const Json list,
                   cluster.client->List(kube::kPods, cluster.name_space,
                                        {{"labelSelector", operators::JobSelector(name)}}));
  const std::vector<PodView> pods = ToPodViews(list);
  JobDescription description = DescribeTFJob(job, pods, std::chrono::system_clock::now());
  description.events = FindEvents(cluster, name, kube::Uid(job), pods);
  return description;
}

}  // namespace trainyard::cli
