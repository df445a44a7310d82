#include "train/chief_link.h"

#include <chrono>
#include <string_view>
#include <thread>

#include "base/files.h"
#include "base/log.h"
#include "tf/ops.h"
#include "train/stop_signal.h"

namespace trainyard::train {
namespace {

constexpr char kDevice[] = "/job:chief/task:0";

struct Slot {
  tf::Output fed;
  tf::Operation assign;
  tf::Output is_set;
  tf::Output value;
};

Slot AddSlot(const tf::Scope& scope, const std::string& name, tf::DataType type) {
  const tf::Output handle = scope.Op("VarHandleOp", name)
                                .Type("dtype", type)
                                .ShapeOf("shape", {})
                                .String("shared_name", scope.FullName(name))
                                .Out();
  const tf::Output fed = tf::Placeholder(scope, type, {}, name + "_value");
  return {.fed = fed,
          .assign = scope.Op("AssignVariableOp").In(handle).In(fed).Type("dtype", type).Finish(),
          .is_set = scope.Op("VarIsInitializedOp").In(handle).Out(),
          .value = scope.Op("ReadVariableOp").In(handle).Type("dtype", type).Out()};
}

// For MatchingFiles, where these have a meaning.
std::string EscapePattern(std::string_view path) {
  std::string escaped;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[' || c == ']' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

void ChiefLink::Build() {
  const tf::Scope scope = tf::Scope(&graph_).OnDevice(kDevice).Inside("trainyard");
  path_ = tf::Placeholder(scope, tf::DataType::kString, {}, "path");
  content_ = scope.Op("ReadFile").In(path_).Out();
  pattern_ = tf::Placeholder(scope, tf::DataType::kString, {}, "pattern");
  matches_ = scope.Op("MatchingFiles").In(pattern_).Out();
  const Slot directory = AddSlot(scope, "model_dir", tf::DataType::kString);
  new_directory_ = directory.fed;
  set_directory_ = directory.assign;
  has_directory_ = directory.is_set;
  directory_ = directory.value;
  const Slot follower = AddSlot(scope, "follower", tf::DataType::kInt32);
  new_follower_ = follower.fed;
  set_follower_ = follower.assign;
  has_follower_ = follower.is_set;
  follower_ = follower.value;
}

Result<std::unique_ptr<ChiefLink>> ChiefLink::Create(const std::string& target) {
  std::unique_ptr<ChiefLink> link(new ChiefLink());
  link->Build();
  RETURN_IF_ERROR(link->graph_.status());
  tf::SessionOptions options{.target = target, .config = {}};
  options.config.device_filters = {kDevice};
  ASSIGN_OR_RETURN(link->session_, tf::Session::Create(link->graph_, options));
  // Creating a session asks nobody yet.
  RETURN_IF_ERROR(link->session_->Run({}, {link->has_directory_}, {}).status());
  return link;
}

Result<std::vector<tf::Tensor>> ChiefLink::ReadIfSet(const tf::Output& is_set,
                                                     const tf::Output& value) {
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> flag, session_->Run({}, {is_set}, {}));
  if (!flag[0].scalar<bool>()) return std::vector<tf::Tensor>();
  return session_->Run({}, {value}, {});
}

Status ChiefLink::Announce(const std::string& model_dir) {
  const tf::Tensor value = tf::Tensor::StringScalar(model_dir);
  return session_->Run({{new_directory_, &value}}, {}, {set_directory_}).status();
}

Result<FollowerState> ChiefLink::ReadFollower() {
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> value, ReadIfSet(has_follower_, follower_));
  if (value.empty()) return FollowerState::kNone;
  return static_cast<FollowerState>(value[0].scalar<int32_t>());
}

Result<std::string> ChiefLink::ReadModelDir() {
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> value, ReadIfSet(has_directory_, directory_));
  if (value.empty()) {
    return UnavailableError(
        "the chief has not said where its checkpoints are (it needs save_on_chief as well)");
  }
  return value[0].strings().front();
}

Status ChiefLink::SetFollower(FollowerState state) {
  const tf::Tensor value = tf::Tensor::Scalar(static_cast<int32_t>(state));
  return session_->Run({{new_follower_, &value}}, {}, {set_follower_}).status();
}

Result<std::string> ChiefLink::ReadFile(const std::string& path) {
  const tf::Tensor name = tf::Tensor::StringScalar(path);
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> content,
                   session_->Run({{path_, &name}}, {content_}, {}));
  return content[0].strings().front();
}

Result<std::vector<std::string>> ChiefLink::ListFiles(const std::string& prefix) {
  const tf::Tensor pattern = tf::Tensor::StringScalar(EscapePattern(prefix) + "*");
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> matches,
                   session_->Run({{pattern_, &pattern}}, {matches_}, {}));
  return matches[0].strings();
}

Result<std::string> ChiefCheckpoints::Read(const std::string& name) {
  return link_->ReadFile(JoinPath(model_dir_, name));
}

Result<std::vector<std::string>> ChiefCheckpoints::List(const std::string& checkpoint) {
  ASSIGN_OR_RETURN(std::vector<std::string> files,
                   link_->ListFiles(JoinPath(model_dir_, checkpoint) + "."));
  for (std::string& file : files) file = file.substr(file.rfind('/') + 1);
  return files;
}

bool FeedsEvaluator(const RunConfig& config) {
  const spec::TaskConfig& task = config.task;
  if (!config.save_on_chief || task.type != spec::kChief) return false;
  return task.num_ps_replicas > 0 || task.cluster.NumTasks(spec::kWorker) == 0;
}

std::string ServerTarget(const RunConfig& config) {
  const std::string* address = config.task.cluster.Find(config.task.type, config.task.index);
  if (address == nullptr) return "";
  // As TF_ServerTarget has it.
  return "grpc://localhost" + address->substr(address->rfind(':'));
}

Status AnnounceCheckpoints(const RunConfig& config, const std::string& target) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ChiefLink> link, ChiefLink::Create(target));
  return link->Announce(config.model_dir);
}

Status WaitForFollower(const std::string& target) {
  constexpr std::chrono::seconds kPatience(30);
  constexpr std::chrono::milliseconds kInterval(100);
  ASSIGN_OR_RETURN(const std::unique_ptr<ChiefLink> link, ChiefLink::Create(target));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!StopRequested()) {
    ASSIGN_OR_RETURN(const FollowerState state, link->ReadFollower());
    if (state != FollowerState::kFollowing) return OkStatus();
    if (std::chrono::steady_clock::now() >= deadline) {
      LogWarning("the evaluator has not fetched the last checkpoint within {} s; ending without it",
                 kPatience.count());
      return OkStatus();
    }
    std::this_thread::sleep_for(kInterval);
  }
  return OkStatus();
}

}  // namespace trainyard::train
