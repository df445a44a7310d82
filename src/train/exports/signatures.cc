#include "train/exports/signatures.h"

namespace trainyard::train {
namespace {

constexpr const char* kDefault = "serving_default";

Status CheckType(const std::string& signature, const std::string& output, const tf::Output& tensor,
                 tf::DataType type) {
  if (tf::OutputType(tensor) == type) return OkStatus();
  return InvalidArgumentError("signature \"{}\": {} must be {}, but \"{}\" is {}", signature,
                              output, tf::DataTypeName(type), tf::OutputName(tensor),
                              tf::DataTypeName(tf::OutputType(tensor)));
}

Status CheckOutputs(const std::string& name, const ExportOutput& output) {
  if (output.outputs.empty()) return InvalidArgumentError("signature \"{}\" has no outputs", name);
  for (const auto& [key, tensor] : output.outputs) {
    if (!tensor) return InvalidArgumentError("signature \"{}\": output \"{}\" is none", name, key);
    if (output.kind == ExportOutput::Kind::kPredict) continue;
    RETURN_IF_ERROR(CheckType(name, key, tensor,
                              key == "classes" ? tf::DataType::kString : tf::DataType::kFloat));
  }
  return OkStatus();
}

const char* MethodOf(ExportOutput::Kind kind) {
  switch (kind) {
    case ExportOutput::Kind::kPredict:
      return "tensorflow/serving/predict";
    case ExportOutput::Kind::kClassify:
      return "tensorflow/serving/classify";
    case ExportOutput::Kind::kRegress:
      return "tensorflow/serving/regress";
  }
  return "";
}

Result<SavedModelParts::Signature> MakeSignature(const ModelGraph& model, const std::string& name,
                                                 const ExportOutput& output) {
  RETURN_IF_ERROR(CheckOutputs(name, output));
  SavedModelParts::Signature signature{.name = name,
                                       .method = MethodOf(output.kind),
                                       .inputs = model.receivers(),
                                       .outputs = output.outputs};
  if (output.kind == ExportOutput::Kind::kPredict) return signature;
  const Features& receivers = model.receivers();
  if (receivers.size() != 1 || tf::OutputType(receivers.begin()->second) != tf::DataType::kString) {
    return InvalidArgumentError(
        "signature \"{}\": {} needs serialized tf.Example messages as its input; export it with a "
        "ParsingServingInput",
        name, signature.method);
  }
  signature.inputs = {{"inputs", receivers.begin()->second}};
  return signature;
}

}  // namespace

Result<std::vector<SavedModelParts::Signature>> MakeSignatures(const ModelGraph& model) {
  std::map<std::string, ExportOutput> outputs = model.spec().export_outputs;
  if (outputs.empty()) {
    outputs["predict"] = PredictOutput(model.spec().predictions);
    outputs[kDefault] = outputs["predict"];
  }
  if (outputs.size() == 1) {
    const ExportOutput only = outputs.begin()->second;
    outputs.emplace(kDefault, only);
  }
  if (!outputs.contains(kDefault)) {
    return InvalidArgumentError(
        "Multiple export_outputs were provided, but none of them is specified as the default.  Do "
        "this by naming one of them with \"{}\".",
        kDefault);
  }
  std::vector<SavedModelParts::Signature> signatures;
  for (const auto& [name, output] : outputs) {
    ASSIGN_OR_RETURN(SavedModelParts::Signature signature, MakeSignature(model, name, output));
    signatures.push_back(std::move(signature));
  }
  return signatures;
}

}  // namespace trainyard::train
