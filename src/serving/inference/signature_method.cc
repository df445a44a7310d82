#include "serving/inference/signature_method.h"

namespace trainyard::serving {
namespace {

using ::tensorflow::SignatureDef;

// What Classify and Regress have in common; `kind` is "classification" or "regression".
Status CheckExamplesSignature(const SignatureDef& signature, MethodNames names, const char* kind,
                              const char* method) {
  if (names == MethodNames::kChecked && signature.method_name() != method) {
    return InvalidArgumentError("Expected {} signature method_name to be {}. Was: {}", kind, method,
                                signature.method_name());
  }
  if (signature.inputs().size() != 1) return InvalidArgumentError("Expected one input Tensor.");
  return OkStatus();
}

Status CheckExamplesInput(const SignatureDef& signature, const char* kind) {
  if (signature.inputs().contains(kExamplesInput)) return OkStatus();
  return InvalidArgumentError("No {} inputs found in SignatureDef: {}", kind,
                              signature.DebugString());
}

}  // namespace

Status CheckPredictSignature(const SignatureDef& signature, MethodNames names) {
  const std::string& method = signature.method_name();
  if (names == MethodNames::kIgnored || method == kPredictMethod || method == kClassifyMethod ||
      method == kRegressMethod) {
    return OkStatus();
  }
  return InternalError(
      "Expected prediction signature method_name to be one of {{{}, {}, {}}}. Was: {}",
      kPredictMethod, kClassifyMethod, kRegressMethod, method);
}

Result<std::vector<std::string>> PlanClassify(const SignatureDef& signature, MethodNames names) {
  RETURN_IF_ERROR(CheckExamplesSignature(signature, names, "classification", kClassifyMethod));
  const size_t count = signature.outputs().size();
  if (count != 1 && count != 2) {
    return InvalidArgumentError("Expected one or two output Tensors, found {}", count);
  }
  RETURN_IF_ERROR(CheckExamplesInput(signature, "classification"));
  std::vector<std::string> outputs;
  for (const char* alias : {kClassesOutput, kScoresOutput}) {
    if (signature.outputs().contains(alias)) outputs.emplace_back(alias);
  }
  if (outputs.empty()) {
    return InvalidArgumentError(
        "Expected classification signature outputs to contain at least one of \"{}\" or \"{}\". "
        "Signature was: {}",
        kClassesOutput, kScoresOutput, signature.DebugString());
  }
  return outputs;
}

Status CheckRegressSignature(const SignatureDef& signature, MethodNames names) {
  RETURN_IF_ERROR(CheckExamplesSignature(signature, names, "regression", kRegressMethod));
  if (signature.outputs().size() != 1) return InvalidArgumentError("Expected one output Tensor.");
  RETURN_IF_ERROR(CheckExamplesInput(signature, "regression"));
  if (signature.outputs().contains(kRegressOutput)) return OkStatus();
  return InvalidArgumentError("No regression outputs found in SignatureDef: {}",
                              signature.DebugString());
}

}  // namespace trainyard::serving
