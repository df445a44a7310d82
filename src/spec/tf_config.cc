#include "spec/tf_config.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "spec/json_guard.h"

namespace trainyard::spec {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

// A value as it appears in a message; bytes that are not UTF-8 must not throw.
std::string Show(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const Json& Member(const Json& object, const char* key) {
  static const Json kAbsent;
  const auto found = object.find(key);
  return found == object.end() ? kAbsent : *found;
}

Result<std::string> StringMember(const Json& object, const char* key) {
  const Json& value = Member(object, key);
  if (value.is_null()) return std::string();
  if (!value.is_string()) {
    return InvalidArgumentError("\"{}\" in TF_CONFIG must be a string, not {}", key, Show(value));
  }
  return value.get<std::string>();
}

// What Python's int() would accept among JSON values, and nothing that would lose a digit.
std::optional<int> ToIndex(const Json& value) {
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (!(std::abs(number) <= std::numeric_limits<int>::max())) return std::nullopt;
    return static_cast<int>(number);
  }
  if (value.is_number_integer()) {
    const auto number = value.get<int64_t>();
    const bool too_big =
        value.is_number_unsigned() && value.get<uint64_t>() > std::numeric_limits<int>::max();
    if (too_big || number < std::numeric_limits<int>::min()) return std::nullopt;
    return static_cast<int>(number);
  }
  if (!value.is_string()) return std::nullopt;
  const std::string& text = value.get_ref<const std::string&>();
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

bool IsHostAndPort(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view port = address.substr(colon + 1);
  int number = -1;
  const auto [rest, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc() && rest == port.data() + port.size() && number >= 0 &&
         number <= 65535;
}

Status AddTask(const std::string& job, int index, const Json& address, bool check_port,
               ClusterSpec* cluster) {
  if (!address.is_string()) {
    return InvalidArgumentError(
        "the address of /job:{}/task:{} in TF_CONFIG must be a string \"host:port\", not {}", job,
        index, Show(address));
  }
  const auto& text = address.get_ref<const std::string&>();
  if (text.empty() || (check_port && !IsHostAndPort(text))) {
    return InvalidArgumentError(
        "the address of /job:{}/task:{} in TF_CONFIG must be \"host:port\", not \"{}\"", job, index,
        text);
  }
  if (!cluster->jobs[job].emplace(index, text).second) {
    return InvalidArgumentError("/job:{}/task:{} stands twice in TF_CONFIG", job, index);
  }
  return OkStatus();
}

Status AddJob(const std::string& job, const Json& tasks, bool check_port, ClusterSpec* cluster) {
  if (job.empty()) return InvalidArgumentError("a job name in TF_CONFIG's cluster is empty");
  cluster->jobs[job];
  if (tasks.is_array()) {
    for (size_t i = 0; i < tasks.size(); ++i) {
      RETURN_IF_ERROR(AddTask(job, static_cast<int>(i), tasks[i], check_port, cluster));
    }
    return OkStatus();
  }
  if (!tasks.is_object()) {
    return InvalidArgumentError(
        "the tasks of job \"{}\" in TF_CONFIG must be a list of addresses or a map from task index "
        "to address, not {}",
        job, Show(tasks));
  }
  for (const auto& [key, address] : tasks.items()) {
    const std::optional<int> index = ToIndex(Json(key));
    if (!index || *index < 0) {
      return InvalidArgumentError("\"{}\" is not a task index in job \"{}\" of TF_CONFIG", key,
                                  job);
    }
    RETURN_IF_ERROR(AddTask(job, *index, address, check_port, cluster));
  }
  return OkStatus();
}

Result<ClusterSpec> ToCluster(const Json& value, bool check_port) {
  ClusterSpec cluster;
  if (value.is_null()) return cluster;
  if (!value.is_object()) {
    return InvalidArgumentError("\"cluster\" in TF_CONFIG must be an object, not {}", Show(value));
  }
  for (const auto& [job, tasks] : value.items()) {
    RETURN_IF_ERROR(AddJob(job, tasks, check_port, &cluster));
  }
  return cluster;
}

constexpr std::string_view kWhereFrom =
    "Note that these values may be coming from the TF_CONFIG environment variable.";

// Who leads. Without a chief, a master and parameter servers, worker 0 does: such a cluster trains
// by all-reduce, and the rule is that of tf.distribute.MultiWorkerMirroredStrategy.
std::string_view ChiefOf(const ClusterSpec& cluster) {
  if (cluster.Has(kMaster)) return kMaster;
  const bool is_led_by_worker =
      !cluster.Has(kChief) && cluster.NumTasks(kPs) == 0 && cluster.Find(kWorker, 0) != nullptr;
  return is_led_by_worker ? kWorker : kChief;
}

// The rules on the cluster as a whole and on the task's place in it, in RunConfig's order.
Status ReadTask(const ClusterSpec& cluster, const Json& task, TaskConfig* config) {
  const std::string_view chief = ChiefOf(cluster);
  if (cluster.Has(kMaster) && cluster.Has(kChief)) {
    return InvalidArgumentError(
        "If `master` node exists in `cluster`, job `chief` is not supported.");
  }
  if (cluster.NumTasks(chief) == 0) {
    return InvalidArgumentError("If \"cluster\" is set in TF_CONFIG, it must have one \"{}\" node.",
                                chief);
  }
  if (chief != kWorker && cluster.NumTasks(chief) > 1) {
    return InvalidArgumentError("The \"cluster\" in TF_CONFIG must have only one \"{}\" node.",
                                chief);
  }
  ASSIGN_OR_RETURN(config->type, StringMember(task, "type"));
  if (config->type.empty()) {
    return InvalidArgumentError("If \"cluster\" is set in TF_CONFIG, task type must be set.");
  }
  const Json& index = Member(task, "index");
  if (index.is_null()) {
    return InvalidArgumentError("If \"cluster\" is set in TF_CONFIG, task index must be set.");
  }
  const std::optional<int> number = ToIndex(index);
  if (!number) return InvalidArgumentError("Task index must be a number, not {}.", Show(index));
  if (*number < 0) return InvalidArgumentError("Task index must be non-negative number.");
  config->index = *number;
  if (chief == kMaster && config->type == kEvaluator) {
    return InvalidArgumentError(
        "If `master` node exists in `cluster`, task_type `evaluator` is not supported.");
  }
  if (config->type == kEvaluator) return OkStatus();
  if (!cluster.Has(config->type)) {
    return InvalidArgumentError("{} is not a valid task_type in the cluster_spec: {} {}",
                                config->type, cluster.ToString(), kWhereFrom);
  }
  if (cluster.Find(config->type, config->index) == nullptr) {
    return InvalidArgumentError(
        "{} is not a valid task_id for task_type {} in the cluster_spec: {} {}", config->index,
        config->type, cluster.ToString(), kWhereFrom);
  }
  return OkStatus();
}

// Chief first, then the other jobs by name, parameter servers last.
int GlobalId(const ClusterSpec& cluster, std::string_view type, int index) {
  const std::string_view chief = ChiefOf(cluster);
  std::vector<std::string_view> order = {chief};
  for (const auto& [job, tasks] : cluster.jobs) {
    if (job != chief && job != kPs) order.push_back(job);
  }
  order.push_back(kPs);
  int id = 0;
  for (const std::string_view job : order) {
    const auto found = cluster.jobs.find(job);
    if (found == cluster.jobs.end()) continue;
    for (const auto& [task, address] : found->second) {
      if (job == type && task == index) return id;
      ++id;
    }
  }
  return id;
}

std::optional<int> TrainerRank(const ClusterSpec& cluster, std::string_view type, int index) {
  int rank = 0;
  for (const std::string_view job : {kChief, kMaster, kWorker}) {
    const auto found = cluster.jobs.find(job);
    if (found == cluster.jobs.end()) continue;
    for (const auto& [task, address] : found->second) {
      if (job == type && task == index) return rank;
      ++rank;
    }
  }
  return std::nullopt;
}

std::vector<std::string> DeviceFilters(std::string_view type, int index) {
  if (type == kChief || type == kMaster) return {"/job:ps", fmt::format("/job:{}", type)};
  if (type == kWorker) return {"/job:ps", fmt::format("/job:worker/task:{}", index)};
  if (type == kPs) return {"/job:ps", "/job:worker", "/job:chief", "/job:master"};
  return {};
}

Status ReadDistributed(const Json& root, const Json& task, ClusterSpec cluster,
                       TaskConfig* config) {
  RETURN_IF_ERROR(ReadTask(cluster, task, config));
  const std::string_view chief = ChiefOf(cluster);
  config->is_chief = config->type == chief && (chief != kWorker || config->index == 0);
  if (config->type == kEvaluator) {
    ASSIGN_OR_RETURN(config->evaluation_master, StringMember(root, "eval_session_master"));
    config->num_worker_replicas = 0;
    config->global_id = std::nullopt;
    config->trainer_rank = std::nullopt;
    const bool has_server = cluster.NumTasks(kPs) > 0 || cluster.NumTasks(kWorker) == 0;
    const std::string* address = cluster.Find(kChief, 0);
    if (has_server && address != nullptr) config->chief_address = *address;
    return OkStatus();
  }
  config->num_ps_replicas = cluster.NumTasks(kPs);
  config->num_worker_replicas =
      cluster.NumTasks(kWorker) + (chief == kWorker ? 0 : cluster.NumTasks(chief));
  config->global_id = GlobalId(cluster, config->type, config->index);
  config->trainer_rank = TrainerRank(cluster, config->type, config->index);
  config->device_filters = DeviceFilters(config->type, config->index);
  ASSIGN_OR_RETURN(config->master, StringMember(root, "session_master"));
  if (!root.contains("session_master") && cluster.NumTasks() > 1) {
    config->master = "grpc://" + *cluster.Find(config->type, config->index);
  }
  config->cluster = std::move(cluster);
  return OkStatus();
}

Status ReadAlone(const Json& root, const Json& task, TaskConfig* config) {
  if (task.contains("type") && task["type"] != kWorker) {
    return InvalidArgumentError(
        "If \"cluster\" is not set in TF_CONFIG, task type must be WORKER.");
  }
  if (task.contains("index") && ToIndex(task["index"]) != 0) {
    return InvalidArgumentError("If \"cluster\" is not set in TF_CONFIG, task index must be 0.");
  }
  ASSIGN_OR_RETURN(config->master, StringMember(root, "session_master"));
  ASSIGN_OR_RETURN(config->evaluation_master, StringMember(root, "eval_session_master"));
  return OkStatus();
}

Result<Json> ParseObject(std::string_view text) {
  RETURN_IF_ERROR(CheckJsonBounds("TF_CONFIG", text));
  Json root = Json::parse(text, nullptr, false);
  if (root.is_discarded()) {
    return InvalidArgumentError(
        "TF_CONFIG is not JSON: \"{}{}\"; expected an object with \"cluster\" and \"task\"",
        text.substr(0, 80), text.size() > 80 ? "..." : "");
  }
  if (!root.is_object()) {
    return InvalidArgumentError("TF_CONFIG must be a JSON object, not {}", Show(root));
  }
  return root;
}

OrderedJson TaskEntry(std::string_view type, int index) {
  OrderedJson task = OrderedJson::object();
  task["type"] = type;
  task["index"] = index;
  return task;
}

OrderedJson AddressList(const std::map<int, std::string>& tasks) {
  OrderedJson list = OrderedJson::array();
  for (const auto& [index, address] : tasks) list.push_back(address);
  return list;
}

std::string Dump(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace

Result<TaskConfig> ParseTfConfig(std::optional<std::string_view> json) {
  TaskConfig config;
  if (!json) return config;
  ASSIGN_OR_RETURN(const Json root, ParseObject(*json));
  const Json& service = Member(root, "service");
  if (!service.is_null()) {
    if (!service.is_object()) {
      return InvalidArgumentError("If \"service\" is set in TF_CONFIG, it must be a dict. Given {}",
                                  Show(service));
    }
    config.service = Show(service);
  }
  ASSIGN_OR_RETURN(config.environment, StringMember(root, "environment"));
  if (root.contains("model_dir")) {
    ASSIGN_OR_RETURN(config.model_dir, StringMember(root, "model_dir"));
    if (config.model_dir->empty()) {
      return InvalidArgumentError("model_dir in TF_CONFIG should be non-empty.");
    }
  }
  Json task = Member(root, "task");
  if (task.is_null()) task = Json::object();
  if (!task.is_object()) {
    return InvalidArgumentError("\"task\" in TF_CONFIG must be an object, not {}", Show(task));
  }
  // Google's own addresses are names without a port.
  const bool check_port = config.environment != "google";
  ASSIGN_OR_RETURN(ClusterSpec cluster, ToCluster(Member(root, "cluster"), check_port));
  if (cluster.empty()) {
    RETURN_IF_ERROR(ReadAlone(root, task, &config));
  } else {
    RETURN_IF_ERROR(ReadDistributed(root, task, std::move(cluster), &config));
  }
  return config;
}

std::string FormatTfConfig(const ClusterSpec& cluster, std::string_view type, int index) {
  OrderedJson jobs = OrderedJson::object();
  for (const auto& [job, tasks] : cluster.jobs) jobs[job] = AddressList(tasks);
  OrderedJson root = OrderedJson::object();
  root["cluster"] = std::move(jobs);
  root["task"] = TaskEntry(type, index);
  root["environment"] = "cloud";
  return Dump(root);
}

std::string FormatSparseTfConfig(const ClusterSpec& cluster, std::string_view type, int index) {
  const std::string* own = cluster.Find(type, index);
  OrderedJson workers = OrderedJson::object();
  OrderedJson servers = OrderedJson::array();
  OrderedJson jobs = OrderedJson::object();
  if (type == kWorker && own != nullptr) workers[std::to_string(index)] = *own;
  const bool has_chief = cluster.Has(kChief) || cluster.Has(kMaster);
  if (type == kPs && !has_chief) {
    if (own != nullptr) servers.push_back(*own);
  } else if (const auto found = cluster.jobs.find(kPs); found != cluster.jobs.end()) {
    servers = AddressList(found->second);
  }
  jobs["worker"] = std::move(workers);
  jobs["ps"] = std::move(servers);
  // A chief has to be in every task's cluster: RunConfig refuses one without.
  for (const std::string_view job : {kChief, kMaster}) {
    const auto found = cluster.jobs.find(job);
    if (found != cluster.jobs.end()) jobs[std::string(job)] = AddressList(found->second);
  }
  if (type == kEvaluator && own != nullptr) jobs["evaluator"] = OrderedJson::array({*own});
  OrderedJson root = OrderedJson::object();
  root["cluster"] = std::move(jobs);
  root["task"] = TaskEntry(type, index);
  return Dump(root);
}

}  // namespace trainyard::spec
