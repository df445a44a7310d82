#include "train/checkpoints/chief_link.h"

#include <random>
#include <string_view>

#include "tf/ops.h"

namespace trainyard::train {
namespace {

constexpr char kDevice[] = "/job:chief/task:0";

struct Slot {
  tf::Output fed;
  tf::Operation assign;
  tf::Output is_set;
  tf::Output value;
};

Slot AddSlot(const tf::Scope& scope, const std::string& name, tf::DataType type,
             const tf::Shape& shape) {
  const tf::Output handle = scope.Op("VarHandleOp", name)
                                .Type("dtype", type)
                                .ShapeOf("shape", shape)
                                .String("shared_name", scope.FullName(name))
                                .Out();
  const tf::Output fed = tf::Placeholder(scope, type, shape, name + "_value");
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
  const Slot directory = AddSlot(scope, "model_dir", tf::DataType::kString, {});
  new_directory_ = directory.fed;
  set_directory_ = directory.assign;
  has_directory_ = directory.is_set;
  directory_ = directory.value;
  const Slot follower = AddSlot(scope, "follower", tf::DataType::kInt32, {2});
  new_follower_ = follower.fed;
  set_follower_ = follower.assign;
  has_follower_ = follower.is_set;
  follower_ = follower.value;
}

Result<std::unique_ptr<ChiefLink>> ChiefLink::Create(const Options& options) {
  std::unique_ptr<ChiefLink> link(new ChiefLink(options));
  link->Build();
  RETURN_IF_ERROR(link->graph_.status());
  // Not where the evaluator before this one began.
  link->beat_ = static_cast<int32_t>(std::random_device{}() >> 2);
  tf::SessionOptions session_options{.target = options.target, .config = {}};
  session_options.config.device_filters = {kDevice};
  session_options.config.call_timeout = options.call_timeout;
  ASSIGN_OR_RETURN(link->session_, tf::Session::Create(link->graph_, session_options));
  // Creating a session asks nobody yet.
  RETURN_IF_ERROR(link->Run(options.call_timeout, {}, {link->has_directory_}).status());
  return link;
}

Result<std::vector<tf::Tensor>> ChiefLink::Run(std::chrono::milliseconds limit,
                                               const std::vector<tf::Feed>& feeds,
                                               const std::vector<tf::Output>& fetches,
                                               const std::vector<tf::Operation>& targets) {
  auto values = session_->RunWithin(limit, feeds, fetches, targets);
  switch (values.status().code()) {
    case StatusCode::kDeadlineExceeded:
      return DeadlineExceededError("no answer within {} s",
                                   std::chrono::duration<double>(limit).count());
    case StatusCode::kAborted:  // "Session ... is not found."
      return AbortedError("it was restarted");
    default:
      return values;
  }
}

Result<std::vector<tf::Tensor>> ChiefLink::ReadIfSet(const tf::Output& is_set,
                                                     const tf::Output& value) {
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> flag, Run(options_.call_timeout, {}, {is_set}));
  if (!flag[0].scalar<bool>()) return std::vector<tf::Tensor>();
  return Run(options_.call_timeout, {}, {value});
}

Status ChiefLink::Announce(const std::string& model_dir) {
  const tf::Tensor value = tf::Tensor::StringScalar(model_dir);
  return Run(options_.call_timeout, {{new_directory_, &value}}, {}, {set_directory_}).status();
}

Result<FollowerNews> ChiefLink::ReadFollower() {
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> value, ReadIfSet(has_follower_, follower_));
  if (value.empty()) return FollowerNews{};
  const auto numbers = value[0].data<int32_t>();
  return FollowerNews{.state = static_cast<FollowerState>(numbers[0]), .beat = numbers[1]};
}

Result<std::string> ChiefLink::ReadModelDir() {
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> value, ReadIfSet(has_directory_, directory_));
  if (value.empty()) {
    return UnavailableError("it has not said yet where its checkpoints are");
  }
  return value[0].strings().front();
}

Status ChiefLink::SetFollower(FollowerState state) {
  const std::vector<int32_t> numbers = {static_cast<int32_t>(state), ++beat_};
  const tf::Tensor value = tf::Tensor::FromVector(numbers);
  return Run(options_.call_timeout, {{new_follower_, &value}}, {}, {set_follower_}).status();
}

Result<std::string> ChiefLink::ReadFile(const std::string& path) {
  const tf::Tensor name = tf::Tensor::StringScalar(path);
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> content,
                   Run(options_.file_timeout, {{path_, &name}}, {content_}));
  return content[0].strings().front();
}

Result<std::vector<std::string>> ChiefLink::ListFiles(const std::string& prefix) {
  const tf::Tensor pattern = tf::Tensor::StringScalar(EscapePattern(prefix) + "*");
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> matches,
                   Run(options_.call_timeout, {{pattern_, &pattern}}, {matches_}));
  return matches[0].strings();
}

}  // namespace trainyard::train
