#include "serving/predict.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "serving/signature_plan.h"

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

// The graph's tensor behind an alias.
Result<tf::Output> Resolve(const std::map<std::string, tf::Output>& bound,
                           const std::string& alias) {
  const tf::Output output = bound.at(alias);
  if (!output) {
    return InvalidArgumentError("the signature's \"{}\" names a tensor that is not in the graph",
                                alias);
  }
  return output;
}

// What one run feeds; owns the tensors made from the request.
struct Inputs {
  std::vector<tf::Tensor> decoded;
  std::vector<tf::Feed> feeds;
};

Result<Inputs> MakeInputs(const BoundSignature& signature, const SignaturePlan& plan,
                          const PredictRequest& request) {
  Inputs inputs;
  inputs.decoded.reserve(plan.from_request.size());  // the feeds point into it
  for (const std::string& alias : plan.from_request) {
    ASSIGN_OR_RETURN(const tf::Output output, Resolve(signature.inputs, alias));
    Result<tf::Tensor> tensor = DecodeTensor(request.inputs().at(alias));
    if (!tensor.ok()) return InvalidArgumentError("tensor parsing error: {}", alias);
    inputs.decoded.push_back(std::move(tensor).value());
    inputs.feeds.push_back({output, &inputs.decoded.back()});
  }
  for (const std::string& alias : plan.from_defaults) {
    ASSIGN_OR_RETURN(const tf::Output output, Resolve(signature.inputs, alias));
    inputs.feeds.push_back({output, &signature.defaults.at(alias)});
  }
  return inputs;
}

void FillModelSpec(const ServableId& id, ::tensorflow::serving::ModelSpec* spec) {
  spec->set_name(id.name);
  spec->mutable_version()->set_value(id.version);
}

}  // namespace

Status Predict(const Servable& servable, TensorEncoding encoding, const PredictRequest& request,
               PredictResponse* response) {
  const std::string& asked = request.model_spec().signature_name();
  const std::string name = asked.empty() ? kDefaultSignature : asked;
  const BoundSignature* signature = servable.FindSignature(name);
  if (signature == nullptr) {
    return FailedPreconditionError("Serving signature key \"{}\" not found.", name);
  }
  const std::vector<std::string> filter(request.output_filter().begin(),
                                        request.output_filter().end());
  ASSIGN_OR_RETURN(const SignaturePlan plan,
                   PlanSignature(*signature->definition, InputNames(request), filter));
  ASSIGN_OR_RETURN(const Inputs inputs, MakeInputs(*signature, plan, request));
  std::vector<tf::Output> fetches;
  for (const std::string& alias : plan.outputs) {
    ASSIGN_OR_RETURN(const tf::Output output, Resolve(signature->outputs, alias));
    fetches.push_back(output);
  }
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values,
                   servable.session().Run(inputs.feeds, fetches, {}));
  for (size_t i = 0; i < values.size(); ++i) {
    RETURN_IF_ERROR(
        EncodeTensor(values[i], encoding, &(*response->mutable_outputs())[plan.outputs[i]]));
  }
  FillModelSpec(servable.id(), response->mutable_model_spec());
  response->mutable_model_spec()->set_signature_name(name);
  return OkStatus();
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
  FillModelSpec(servable.id(), response->mutable_model_spec());
  (*response->mutable_metadata())[kSignatureField].PackFrom(servable.definitions());
}

}  // namespace trainyard::serving
