#include "serving/inference/classify.h"

#include "tensorflow/tensor.pb.h"

namespace trainyard::serving {
namespace {

// TensorFlow's public name of a type, such as "DT_FLOAT".
std::string PublicName(tf::DataType type) {
  return ::tensorflow::DataType_Name(static_cast<::tensorflow::DataType>(type));
}

// `what` is "classes" or "scores".
Status CheckOutput(const tf::Tensor& value, const std::string& what, tf::DataType type,
                   int64_t num_examples) {
  const tf::Shape shape = value.shape();
  if (shape.size() != 2) {
    return InvalidArgumentError("Expected Tensor shape: [batch_size num_classes] but got {}",
                                tf::ShapeToString(shape));
  }
  if (value.dtype() != type) {
    return InvalidArgumentError("Expected {} Tensor of {}. Got: {}", what, PublicName(type),
                                PublicName(value.dtype()));
  }
  if (shape[0] != num_examples) {
    return InvalidArgumentError("Expected {} output batch size of {}. Got: {}", what, num_examples,
                                shape[0]);
  }
  return OkStatus();
}

}  // namespace

const std::string& ClassifyResult::label(int64_t example, int64_t number) const {
  static const std::string kNone;
  return labels.empty() ? kNone : labels[static_cast<size_t>(example * num_classes + number)];
}

float ClassifyResult::score(int64_t example, int64_t number) const {
  return scores.empty() ? 0 : scores[static_cast<size_t>(example * num_classes + number)];
}

Result<ClassifyResult> ReadClassification(const std::vector<std::string>& outputs,
                                          std::span<const tf::Tensor* const> values,
                                          int64_t num_examples) {
  CHECK(outputs.size() == values.size() && !values.empty());
  ClassifyResult result{.num_examples = num_examples};
  for (size_t i = 0; i < outputs.size(); ++i) {
    const bool is_classes = outputs[i] == kClassesOutput;
    RETURN_IF_ERROR(CheckOutput(*values[i], outputs[i],
                                is_classes ? tf::DataType::kString : tf::DataType::kFloat,
                                num_examples));
    const int64_t num_classes = values[i]->shape()[1];
    if (i > 0 && num_classes != result.num_classes) {
      return InvalidArgumentError(
          "Tensors class and score should match in dim_size(1). Got {} vs. {}", result.num_classes,
          num_classes);
    }
    result.num_classes = num_classes;
    if (is_classes) {
      result.labels = values[i]->strings();
    } else {
      const std::span<const float> scores = values[i]->data<float>();
      result.scores.assign(scores.begin(), scores.end());
    }
  }
  return result;
}

Result<SignatureRun> BeginClassify(const Servable& servable, const std::string& signature,
                                   const Examples& examples, MethodNames names) {
  ASSIGN_OR_RETURN(const BoundSignature* bound, FindExamplesSignature(servable, signature));
  SignaturePlan plan{.from_request = {kExamplesInput}, .from_defaults = {}, .outputs = {}};
  ASSIGN_OR_RETURN(plan.outputs, PlanClassify(*bound->definition, names));
  NamedTensors inputs;
  ASSIGN_OR_RETURN(inputs[kExamplesInput], ToTensor(examples));
  return BindRun(*bound, plan, std::move(inputs));
}

Result<ClassifyResult> EndClassify(const SignatureRun& run, std::span<const tf::Tensor> values) {
  std::vector<const tf::Tensor*> pointers;
  for (const tf::Tensor& value : values) pointers.push_back(&value);
  return ReadClassification(run.outputs, pointers, run.given.at(kExamplesInput).num_elements());
}

Result<ClassifyResult> Classify(const Servable& servable, const std::string& signature,
                                const Examples& examples, MethodNames names,
                                const RunLimits& limits) {
  ASSIGN_OR_RETURN(const SignatureRun run, BeginClassify(servable, signature, examples, names));
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values, RunSignature(servable, run, limits));
  return EndClassify(run, values);
}

}  // namespace trainyard::serving
