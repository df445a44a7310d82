#include "serving/regress.h"

#include "serving/signature_run.h"
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

Result<std::vector<float>> Regress(const Servable& servable, const std::string& signature,
                                   const Examples& examples, MethodNames names,
                                   const RunLimits& limits) {
  ASSIGN_OR_RETURN(const BoundSignature* bound, FindExamplesSignature(servable, signature));
  RETURN_IF_ERROR(CheckRegressSignature(*bound->definition, names));
  const SignaturePlan plan{
      .from_request = {kExamplesInput}, .from_defaults = {}, .outputs = {kRegressOutput}};
  NamedTensors inputs;
  ASSIGN_OR_RETURN(inputs[kExamplesInput], ToTensor(examples));
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values,
                   RunSignature(servable, *bound, plan, inputs, limits));
  return ReadRegression(values[0], static_cast<int64_t>(examples.serialized.size()));
}

}  // namespace trainyard::serving
