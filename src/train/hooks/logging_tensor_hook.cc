#include "train/hooks/logging_tensor_hook.h"

#include "base/log.h"

namespace trainyard::train {
namespace {

constexpr int64_t kShown = 6;

template <class T>
void AppendFirst(const tf::Tensor& tensor, std::string* text) {
  const std::span<const T> values = tensor.data<T>();
  for (size_t i = 0; i < values.size() && i < static_cast<size_t>(kShown); ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      fmt::format_to(std::back_inserter(*text), "{}{:.8g}", i == 0 ? "" : " ", values[i]);
    } else {
      fmt::format_to(std::back_inserter(*text), "{}{}", i == 0 ? "" : " ", values[i]);
    }
  }
}

}  // namespace

std::string ShortText(const tf::Tensor& tensor) {
  std::string text;
  switch (tensor.dtype()) {
    case tf::DataType::kFloat:
      AppendFirst<float>(tensor, &text);
      break;
    case tf::DataType::kDouble:
      AppendFirst<double>(tensor, &text);
      break;
    case tf::DataType::kInt32:
      AppendFirst<int32_t>(tensor, &text);
      break;
    case tf::DataType::kInt64:
      AppendFirst<int64_t>(tensor, &text);
      break;
    case tf::DataType::kBool:
      AppendFirst<bool>(tensor, &text);
      break;
    case tf::DataType::kString: {
      const std::vector<std::string> all = tensor.strings();
      const auto shown = std::min(all.size(), static_cast<size_t>(kShown));
      text = fmt::format("{}", fmt::join(all.begin(), all.begin() + std::ptrdiff_t(shown), " "));
      break;
    }
    default:
      return fmt::format("{}{}", tf::DataTypeName(tensor.dtype()),
                         tf::ShapeToString(tensor.shape()));
  }
  if (tensor.shape().empty()) return text;
  return fmt::format("[{}{}]", text, tensor.num_elements() > kShown ? " ..." : "");
}

Result<tf::Output> FindHookOutput(const tf::Graph& graph, const char* hook,
                                  const std::string& name) {
  const tf::Output output = graph.FindOutput(name);
  if (output) return output;
  return NotFoundError("{}: the graph has no output \"{}\"", hook, name);
}

LoggingTensorHook::LoggingTensorHook(Options options)
    : options_(std::move(options)),
      timer_({.steps = options_.every_n_iter, .interval = options_.every_n_secs}) {}

Status LoggingTensorHook::Begin(const HookContext& context) {
  const bool only_at_end = options_.at_end && !options_.every_n_iter && !options_.every_n_secs;
  if (!only_at_end) RETURN_IF_ERROR(timer_.Check("LoggingTensorHook"));
  for (const auto& [tag, name] : options_.tensors) {
    ASSIGN_OR_RETURN(const tf::Output output,
                     FindHookOutput(*context.graph, "LoggingTensorHook", name));
    outputs_.push_back(output);
  }
  return OkStatus();
}

Status LoggingTensorHook::BeforeStep(int64_t /*next_step*/, StepRequest* request) {
  wanted_ = timer_.IsDue(iteration_);
  if (wanted_ || options_.at_end) request->fetches = outputs_;
  return OkStatus();
}

Status LoggingTensorHook::AfterStep(tf::Session* /*session*/, const StepResult& step) {
  if (options_.at_end) last_line_ = Line(step.fetched);
  if (wanted_) {
    timer_.Mark(iteration_);
    const std::string line = Line(step.fetched);
    if (options_.formatter || !timer_.seconds_between_marks().has_value()) {
      LogInfo("{}", line);
    } else {
      LogInfo("{} ({:.3f} sec)", line, *timer_.seconds_between_marks());
    }
  }
  ++iteration_;
  return OkStatus();
}

Status LoggingTensorHook::End(tf::Session* /*session*/, int64_t /*global_step*/) {
  if (options_.at_end && !last_line_.empty()) LogInfo("{}", last_line_);
  return OkStatus();
}

std::string LoggingTensorHook::Line(std::span<const tf::Tensor> values) const {
  std::map<std::string, std::string> texts;
  size_t next = 0;
  for (const auto& [tag, name] : options_.tensors) texts[tag] = ShortText(values[next++]);
  if (options_.formatter) return options_.formatter(texts);
  std::string line;
  for (const auto& [tag, text] : texts) {
    line += fmt::format("{}{} = {}", line.empty() ? "" : ", ", tag, text);
  }
  return line;
}

}  // namespace trainyard::train
