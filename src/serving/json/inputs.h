// The values of a Predict request: `instances` and `inputs`. Pure but for memory, thread-safe;
// codes and texts are TensorFlow Serving's.
#pragma once

#include "base/status.h"
#include "serving/inference/signature_run.h"
#include "serving/json/reader.h"
#include "tensorflow/signature.pb.h"

namespace trainyard::serving {

// Row format: a list of values or of objects, one per row of the batch. Every input's dimension 0
// is their number. After a failure the reader is !ok() if the JSON itself is wrong.
Result<NamedTensors> ReadInstances(JsonReader* reader, const ::tensorflow::SignatureDef& signature);

// Columnar format: the tensor of the only input, or an object with one per input.
Result<NamedTensors> ReadInputs(JsonReader* reader, const ::tensorflow::SignatureDef& signature);

}  // namespace trainyard::serving
