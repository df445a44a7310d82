#include "serving/inference/regress.h"

#include "tensorflow/tensor.pb.h"

namespace trainyard::serving {

Result<std::vector<float>> ReadRegression(const tf::Tensor& value, int64_t num_examples) {
  const tf::Shape shape = value.shape();
  if (shape.size() != 1 && !(shape.size() == 2 && shape[1] == 1)) {
    return InvalidArgumentError(
        "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got {}",
        tf::ShapeToString(shape));
  }
  if (shape[0] != num_examples) {
    return InvalidArgumentError("Input batch size did not match output batch size: {} vs. {}",
                                num_examples, shape[0]);
  }
  if (value.dtype() != tf::DataType::kFloat) {
    return InvalidArgumentError(
        "Expected output Tensor of DT_FLOAT.  Got: {}",
        ::tensorflow::DataType_Name(static_cast<::tensorflow::DataType>(value.dtype())));
  }
  const std::span<const float> values = value.data<float>();
  return std::vector<float>(values.begin(), values.end());
}

Result<SignatureRun> BeginRegress(const Servable& servable, const std::string& signature,
                                  const Examples& examples, MethodNames names) {
  ASSIGN_OR_RETURN(const BoundSignature* bound, FindExamplesSignature(servable, signature));
  RETURN_IF_ERROR(CheckRegressSignature(*bound->definition, names));
  const SignaturePlan plan{
      .from_request = {kExamplesInput}, .from_defaults = {}, .outputs = {kRegressOutput}};
  NamedTensors inputs;
  ASSIGN_OR_RETURN(inputs[kExamplesInput], ToTensor(examples));
  return BindRun(*bound, plan, std::move(inputs));
}

Result<std::vector<float>> EndRegress(const SignatureRun& run, std::span<const tf::Tensor> values) {
  return ReadRegression(values[0], run.given.at(kExamplesInput).num_elements());
}

Result<std::vector<float>> Regress(const Servable& servable, const std::string& signature,
                                   const Examples& examples, MethodNames names,
                                   const RunLimits& limits) {
  ASSIGN_OR_RETURN(const SignatureRun run, BeginRegress(servable, signature, examples, names));
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values, RunSignature(servable, run, limits));
  return EndRegress(run, values);
}

}  // namespace trainyard::serving
