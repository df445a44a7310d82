#include "train/loop/evaluator.h"

#include "base/files.h"
#include "base/log.h"

namespace trainyard::train {
namespace {

// Adds a part's values to its sums.
Status AddTo(std::vector<double>* sums, const tf::Tensor& part) {
  sums->resize(static_cast<size_t>(part.num_elements()));
  const auto add = [&](const auto& values) {
    for (size_t i = 0; i < values.size(); ++i) (*sums)[i] += static_cast<double>(values[i]);
  };
  switch (part.dtype()) {
    case tf::DataType::kFloat:
      add(part.data<float>());
      return OkStatus();
    case tf::DataType::kDouble:
      add(part.data<double>());
      return OkStatus();
    case tf::DataType::kInt32:
      add(part.data<int32_t>());
      return OkStatus();
    case tf::DataType::kInt64:
      add(part.data<int64_t>());
      return OkStatus();
    default:
      return InvalidArgumentError("a metric has a part of type {}; it must be a number",
                                  tf::DataTypeName(part.dtype()));
  }
}

}  // namespace

Result<std::unique_ptr<Evaluator>> Evaluator::Create(const ModelFn& model_fn,
                                                     std::shared_ptr<const Input> input,
                                                     const RunConfig& config, Options options) {
  std::unique_ptr<Evaluator> evaluator(new Evaluator());
  evaluator->directory_ =
      JoinPath(config.model_dir, options.name.empty() ? "eval" : "eval_" + options.name);
  evaluator->options_ = std::move(options);
  ASSIGN_OR_RETURN(evaluator->model_,
                   ModelGraph::Build(model_fn, input->spec(),
                                     {.mode = Mode::kEval, .seed = config.tf_random_seed}));
  evaluator->config_ = config;
  evaluator->hooks_.Add(evaluator->options_.hooks);
  evaluator->hooks_.Add(evaluator->model_->spec().evaluation_hooks);
  RETURN_IF_ERROR(
      evaluator->hooks_.Begin({.graph = evaluator->model_->mutable_graph(),
                               .config = &evaluator->config_,
                               .events = nullptr,
                               .global_step = evaluator->model_->model().global_step().value}));
  tf::SessionConfig session_config;
  session_config.intra_op_threads = config.intra_op_threads;
  session_config.inter_op_threads = config.inter_op_threads;
  session_config.bfloat16 = config.bfloat16;
  ASSIGN_OR_RETURN(evaluator->session_,
                   tf::Session::Create(evaluator->model_->graph(), {"", session_config}));
  RETURN_IF_ERROR(evaluator->session_->Run(evaluator->model_->tables_init_op()));
  evaluator->input_ = std::move(input);
  return evaluator;
}

Result<EvalResult> Evaluator::Evaluate(const std::string& prefix) {
  RETURN_IF_ERROR(model_->saver().Restore(session_.get(), prefix));
  ASSIGN_OR_RETURN(EvalResult result, Accumulate());
  RETURN_IF_ERROR(WriteEvents(result, prefix));
  LogInfo("Saving dict for global step {}: {}", result.global_step, FormatEvalResult(result));
  return result;
}

Result<EvalResult> Evaluator::Accumulate() {
  const ModelSpec& spec = model_->spec();
  std::vector<tf::Output> fetches = {spec.loss};
  for (const auto& [name, metric] : spec.metrics) {
    fetches.insert(fetches.end(), metric.parts.begin(), metric.parts.end());
  }
  std::vector<std::vector<double>> sums(fetches.size());
  ASSIGN_OR_RETURN(const std::unique_ptr<BatchIterator> batches, input_->MakeIterator());
  RETURN_IF_ERROR(hooks_.AfterCreateSession(session_.get(), 0));
  int64_t count = 0;
  while ((!options_.steps.has_value() || count < *options_.steps) && !hooks_.WantsStop()) {
    ASSIGN_OR_RETURN(const std::optional<Batch> batch, batches->Next());
    if (!batch.has_value()) break;
    StepRequest request;
    RETURN_IF_ERROR(hooks_.BeforeStep(count + 1, &request));
    StepResult step{.global_step = count + 1};
    ASSIGN_OR_RETURN(std::vector<tf::Feed> feeds, model_->Feeds(*batch));
    ASSIGN_OR_RETURN(
        const std::vector<tf::Tensor> values,
        RunWithRequest(session_.get(), std::move(feeds), fetches, request, &step.run_metadata));
    for (size_t i = 0; i < fetches.size(); ++i) RETURN_IF_ERROR(AddTo(&sums[i], values[i]));
    step.loss = values[0].scalar<float>();
    RETURN_IF_ERROR(
        hooks_.AfterStep(session_.get(), &step, std::span(values).subspan(fetches.size())));
    ++count;
  }
  RETURN_IF_ERROR(hooks_.End(session_.get(), count));
  if (count == 0) return FailedPreconditionError("there is no data to evaluate on");
  EvalResult result;
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> step,
                   session_->Run({}, {model_->model().global_step().value}, {}));
  result.global_step = step[0].scalar<int64_t>();
  result.metrics["loss"] = sums[0][0] / static_cast<double>(count);
  size_t next = 1;
  for (const auto& [name, metric] : spec.metrics) {
    result.metrics[name] = metric.result(std::span(sums).subspan(next, metric.parts.size()));
    next += metric.parts.size();
  }
  return result;
}

Status Evaluator::WriteEvents(const EvalResult& result, const std::string& prefix) {
  if (events_ == nullptr) {
    ASSIGN_OR_RETURN(events_, records::EventWriter::Create(directory_));
  }
  std::vector<records::Scalar> scalars;
  for (const auto& [name, value] : result.metrics) {
    scalars.push_back({name, static_cast<float>(value)});
  }
  RETURN_IF_ERROR(events_->AddScalars(result.global_step, scalars));
  RETURN_IF_ERROR(events_->AddTensorText(result.global_step, "checkpoint_path", prefix));
  return events_->Flush();
}

std::string FormatEvalResult(const EvalResult& result) {
  std::map<std::string, std::string> texts;
  for (const auto& [name, value] : result.metrics) texts[name] = fmt::format("{:.6g}", value);
  texts["global_step"] = std::to_string(result.global_step);
  std::string line;
  for (const auto& [name, text] : texts) {
    line += fmt::format("{}{} = {}", line.empty() ? "" : ", ", name, text);
  }
  return line;
}

}  // namespace trainyard::train
