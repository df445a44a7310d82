#include "serving/inference/multi_inference.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "serving/inference/classify.h"
#include "serving/inference/inference_proto.h"
#include "serving/inference/regress.h"
#include "serving/inference/signature_run.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;

struct Task {
  const BoundSignature* signature = nullptr;
  bool classifies = false;
  std::vector<std::string> outputs{};  // aliases
  std::vector<size_t> fetches{};       // where their values are among the run's
};

// All that the tasks need, each tensor once.
struct Plan {
  std::vector<Task> tasks{};
  tf::Output input{};
  std::vector<tf::Output> fetches{};
};

Result<Task> PlanTask(const BoundSignature& signature, const std::string& method,
                      MethodNames names) {
  Task task{.signature = &signature};
  if (method == kClassifyMethod) {
    task.classifies = true;
    ASSIGN_OR_RETURN(task.outputs, PlanClassify(*signature.definition, names));
  } else if (method == kRegressMethod) {
    RETURN_IF_ERROR(CheckRegressSignature(*signature.definition, names));
    task.outputs = {kRegressOutput};
  } else {
    return UnimplementedError("Unsupported signature method_name: {}", method);
  }
  return task;
}

Status CheckModel(const api::ModelSpec& spec, const api::ModelSpec& first) {
  if (spec.name().empty()) {
    return InvalidArgumentError("Found ModelSpec with an empty model name.");
  }
  if (spec.name() == first.name()) return OkStatus();
  return InvalidArgumentError(
      "All ModelSpecs in a MultiInferenceRequest must access the same model name.");
}

Status AddTask(const Servable& servable, const api::InferenceTask& asked, MethodNames names,
               Plan* plan) {
  const std::string name = SignatureNameOf(asked.model_spec());
  const BoundSignature* signature = servable.FindSignature(name);
  if (signature == nullptr) {
    return InvalidArgumentError("Requested signature not found in model graph: {}", name);
  }
  ASSIGN_OR_RETURN(Task task, PlanTask(*signature, asked.method_name(), names));
  ASSIGN_OR_RETURN(const tf::Output input, FindTensor(signature->inputs, kExamplesInput));
  if (plan->tasks.empty()) plan->input = input;
  if (!(input == plan->input)) {
    return InvalidArgumentError("Input tensor must be the same for all Signatures.");
  }
  for (const std::string& alias : task.outputs) {
    ASSIGN_OR_RETURN(const tf::Output output, FindTensor(signature->outputs, alias));
    auto& fetches = plan->fetches;
    const auto at = std::find(fetches.begin(), fetches.end(), output);
    task.fetches.push_back(static_cast<size_t>(at - fetches.begin()));
    if (at == fetches.end()) fetches.push_back(output);
  }
  plan->tasks.push_back(std::move(task));
  return OkStatus();
}

Result<Plan> PlanTasks(const Servable& servable, const api::MultiInferenceRequest& request,
                       MethodNames names) {
  Plan plan;
  std::set<std::string> signatures;
  for (const api::InferenceTask& task : request.tasks()) {
    RETURN_IF_ERROR(CheckModel(task.model_spec(), *ModelOf(request)));
    const std::string name = SignatureNameOf(task.model_spec());
    if (!signatures.insert(name).second) {
      return InvalidArgumentError("Duplicate evaluation of signature: {}", name);
    }
    RETURN_IF_ERROR(AddTask(servable, task, names, &plan));
  }
  return plan;
}

Status FillResult(const Task& task, const std::vector<tf::Tensor>& values, int64_t num_examples,
                  api::InferenceResult* result) {
  if (!task.classifies) {
    ASSIGN_OR_RETURN(const std::vector<float> regression,
                     ReadRegression(values[task.fetches[0]], num_examples));
    ToProto(regression, result->mutable_regression_result());
    return OkStatus();
  }
  std::vector<const tf::Tensor*> outputs;
  for (const size_t fetch : task.fetches) outputs.push_back(&values[fetch]);
  ASSIGN_OR_RETURN(const ClassifyResult classification,
                   ReadClassification(task.outputs, outputs, num_examples));
  ToProto(classification, result->mutable_classification_result());
  return OkStatus();
}

}  // namespace

const api::ModelSpec* ModelOf(const api::MultiInferenceRequest& request) {
  return request.tasks().empty() ? nullptr : &request.tasks(0).model_spec();
}

Status MultiInference(const Servable& servable, const api::MultiInferenceRequest& request,
                      MethodNames names, const RunLimits& limits,
                      api::MultiInferenceResponse* response) {
  ASSIGN_OR_RETURN(const Plan plan, PlanTasks(servable, request, names));
  const Examples examples = ExamplesOf(request.input());
  ASSIGN_OR_RETURN(const tf::Tensor input, ToTensor(examples));
  const tf::Feed feed{plan.input, &input};
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values,
                   servable.Run({&feed, 1}, plan.fetches, limits));
  const auto num_examples = static_cast<int64_t>(examples.serialized.size());
  for (int i = 0; i < request.tasks_size(); ++i) {
    api::InferenceResult* result = response->add_results();
    RETURN_IF_ERROR(FillResult(plan.tasks[static_cast<size_t>(i)], values, num_examples, result));
    FillModelSpec(servable.id(), request.tasks(i).model_spec(), result->mutable_model_spec());
  }
  return OkStatus();
}

}  // namespace trainyard::serving
