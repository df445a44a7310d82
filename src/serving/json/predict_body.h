// The body of a REST Predict request, read straight into tensors.
//
// Pure but for memory, thread-safe. Input is untrusted. Codes and texts are TensorFlow Serving's,
// but ResourceExhausted for more than eight million strings; docs/contracts/serving.md has the
// format. Beyond it: `output_filter` chooses outputs, inputs that have a default in the signature
// may be left out, and so may all inputs of a signature without any.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "serving/inference/signature_run.h"
#include "tensorflow/signature.pb.h"

namespace trainyard::serving {

// kRow: `instances`, a list of what goes in, answered by `predictions`. kColumnar: `inputs`, whole
// tensors, answered by `outputs`.
enum class PredictFormat { kRow, kColumnar };

struct PredictBody {
  std::string signature_name;  // empty if the body names none
  PredictFormat format = PredictFormat::kRow;
  NamedTensors inputs;
  std::vector<std::string> output_filter;
};

// The signature of that name (empty: the default one), or why there is none.
using FindSignatureFunction =
    std::function<Result<const ::tensorflow::SignatureDef*>(const std::string& name)>;

// Reads the body once, whatever the order of its keys, unless a signature is named after the values
// that are to be read by it.
Result<PredictBody> ReadPredictBody(const std::string& json, const FindSignatureFunction& find);

}  // namespace trainyard::serving
