#include "operator/job_object.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/document.h"
#include "operator/status_json.h"
#include "spec/parse_tfjob.h"

namespace trainyard::operators {
namespace {

using kube::Json;

// After which an ended job is rarely looked at again: its replicas have been stopped.
constexpr std::chrono::seconds kShortWhile{60};

// The same document as the tree that spec/ reads.
Node ToNode(const Json& value) {
  Node node;
  switch (value.type()) {
    case Json::value_t::object:
      node.kind = Node::Kind::kMap;
      for (const auto& [key, member] : value.items()) {
        node.members.push_back({.key = key, .value = ToNode(member)});
      }
      return node;
    case Json::value_t::array:
      node.kind = Node::Kind::kList;
      for (const Json& item : value) node.items.push_back(ToNode(item));
      return node;
    case Json::value_t::string:
      node.kind = Node::Kind::kString;
      node.text = value.get<std::string>();
      return node;
    case Json::value_t::boolean:
      node.kind = Node::Kind::kBool;
      break;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      node.kind = Node::Kind::kInt;
      break;
    case Json::value_t::number_float:
      node.kind = Node::Kind::kFloat;
      break;
    default:
      return node;
  }
  node.text = value.dump();
  return node;
}

// The field under runPolicy, or directly under spec as in older versions.
const Json* FindPolicy(const Json& object, std::string_view field) {
  const Json* found = kube::Find(object, {"spec", "runPolicy", field});
  return found != nullptr ? found : kube::Find(object, {"spec", field});
}

bool RemovesPods(const Json& object) {
  if (kube::Find(object, {"spec", "replicaSpecs"}) != nullptr) {
    const std::string policy = kube::GetString(object, {"spec", "cleanupPodPolicy"});
    return policy.empty() || policy == "All";
  }
  const Json* policy = FindPolicy(object, "cleanPodPolicy");
  return policy != nullptr && *policy == "All";
}

bool CountsActive(const Json& object) {
  const Json* counts = kube::Find(object, {"status", "replicaStatuses"});
  if (counts == nullptr || !counts->is_object()) return false;
  return std::any_of(counts->begin(), counts->end(),
                     [](const Json& count) { return kube::GetInt(count, {"active"}) > 0; });
}

std::string KeptText(const Json& object) {
  Json kept = {{"metadata", Json::object()}, {"spec", object.value("spec", Json())}};
  for (const char* key : {"name", "namespace", "uid", "labels", "annotations", "resourceVersion"}) {
    if (const Json* value = kube::Find(object, {"metadata", key})) kept["metadata"][key] = *value;
  }
  // kubectl keeps a second copy of the whole object there.
  if (const Json* annotations = kube::Find(kept, {"metadata", "annotations"});
      annotations != nullptr && annotations->is_object()) {
    kept["metadata"]["annotations"].erase("kubectl.kubernetes.io/last-applied-configuration");
  }
  if (const Json* status = kube::Find(object, {"status"})) kept["status"] = *status;
  std::string text = kept.dump();
  text.shrink_to_fit();  // a thousand of them are kept
  return text;
}

}  // namespace

JobObject ToJobObject(const Json& object, job::TimePoint now) {
  JobObject kept;
  kept.name = kube::Name(object);
  kept.name_space = kube::Namespace(object);
  kept.uid = kube::Uid(object);
  kept.version = kube::ResourceVersion(object);
  kept.generation = kube::GetInt(object, {"metadata", "generation"});
  kept.is_being_deleted = kube::IsBeingDeleted(object);
  kept.state = ReadState(object);
  kept.removes_pods = RemovesPods(object);
  const Json* ttl = FindPolicy(object, "ttlSecondsAfterFinished");
  kept.expires = ttl != nullptr && ttl->is_number();
  kept.counts_active = CountsActive(object);
  const auto ended_at = kube::GetTime(object, {"status", "completionTime"});
  const bool ended_long_ago = kept.is_finished() && ended_at && now - *ended_at > kShortWhile;
  if (!ended_long_ago) kept.text = std::make_shared<JobText>(KeptText(object));
  return kept;
}

LoadedJob LoadJob(Json object) {
  LoadedJob loaded;
  loaded.status = ReadStatus(object);
  Result<spec::TFJob> job = spec::ParseStoredTFJob(ToNode(object));
  if (job.ok()) {
    loaded.job = std::move(*job);
  } else {
    loaded.problem = job.status();
  }
  loaded.job.name = kube::Name(object);
  loaded.job.name_space = kube::Namespace(object);
  loaded.job.uid = kube::Uid(object);
  loaded.object = std::move(object);
  return loaded;
}

const Json* FindTemplate(const Json& object, spec::ReplicaType type) {
  if (const Json* replicas = kube::Find(object, {"spec", "tfReplicaSpecs"});
      replicas != nullptr && replicas->is_object()) {
    for (const auto& [key, value] : replicas->items()) {
      if (spec::ToReplicaType(key) == type) return kube::Find(value, {"template"});
    }
  }
  for (const Json& item : kube::GetList(object, {"spec", "replicaSpecs"})) {
    const std::string name = kube::GetString(item, {"tfReplicaType"});
    if (spec::ToReplicaType(name.empty() ? "MASTER" : name) == type) {
      return kube::Find(item, {"template"});
    }
  }
  return nullptr;
}

}  // namespace trainyard::operators
