#include "serving/inference/predict.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "serving/inference/inference_proto.h"
#include "serving/inference/signature_plan.h"

namespace trainyard::serving {
namespace {

using ::tensorflow::serving::PredictRequest;
using ::tensorflow::serving::PredictResponse;

constexpr char kSignatureField[] = "signature_def";

std::set<std::string> InputNames(const PredictRequest& request) {
  std::set<std::string> names;
  for (const auto& [alias, tensor] : request.inputs()) names.insert(alias);
  return names;
}

Result<NamedTensors> DecodeInputs(const PredictRequest& request,
                                  const std::vector<std::string>& aliases) {
  NamedTensors inputs;
  for (const std::string& alias : aliases) {
    Result<tf::Tensor> tensor = DecodeTensor(request.inputs().at(alias));
    if (!tensor.ok()) return InvalidArgumentError("tensor parsing error: {}", alias);
    inputs[alias] = std::move(tensor).value();
  }
  return inputs;
}

}  // namespace

Result<SignatureRun> BeginPredict(const Servable& servable, MethodNames names,
                                  const PredictRequest& request) {
  const std::string name = SignatureNameOf(request.model_spec());
  const BoundSignature* signature = servable.FindSignature(name);
  if (signature == nullptr) {
    return FailedPreconditionError("Serving signature key \"{}\" not found.", name);
  }
  RETURN_IF_ERROR(CheckPredictSignature(*signature->definition, names));
  const std::vector<std::string> filter(request.output_filter().begin(),
                                        request.output_filter().end());
  ASSIGN_OR_RETURN(const SignaturePlan plan,
                   PlanSignature(*signature->definition, InputNames(request), filter));
  ASSIGN_OR_RETURN(NamedTensors inputs, DecodeInputs(request, plan.from_request));
  return BindRun(*signature, plan, std::move(inputs));
}

Status EndPredict(const Servable& servable, TensorEncoding encoding, const PredictRequest& request,
                  const SignatureRun& run, std::span<const tf::Tensor> values,
                  PredictResponse* response) {
  for (size_t i = 0; i < values.size(); ++i) {
    RETURN_IF_ERROR(
        EncodeTensor(values[i], encoding, &(*response->mutable_outputs())[run.outputs[i]]));
  }
  FillModelSpec(servable.id(), request.model_spec(), response->mutable_model_spec());
  return OkStatus();
}

Status Predict(const Servable& servable, TensorEncoding encoding, MethodNames names,
               const PredictRequest& request, const RunLimits& limits, PredictResponse* response) {
  ASSIGN_OR_RETURN(const SignatureRun run, BeginPredict(servable, names, request));
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values, RunSignature(servable, run, limits));
  return EndPredict(servable, encoding, request, run, values, response);
}

Status CheckMetadataRequest(const ::tensorflow::serving::GetModelMetadataRequest& request) {
  if (request.metadata_field().empty()) {
    return InvalidArgumentError("GetModelMetadataRequest must specify at least one metadata_field");
  }
  for (const std::string& field : request.metadata_field()) {
    if (field != kSignatureField) {
      return InvalidArgumentError("Metadata field {} is not supported", field);
    }
  }
  return OkStatus();
}

void DescribeModel(const Servable& servable,
                   ::tensorflow::serving::GetModelMetadataResponse* response) {
  ::tensorflow::serving::ModelSpec& spec = *response->mutable_model_spec();
  spec.set_name(servable.id().name);
  spec.mutable_version()->set_value(servable.id().version);
  (*response->mutable_metadata())[kSignatureField].PackFrom(servable.definitions());
}

}  // namespace trainyard::serving
