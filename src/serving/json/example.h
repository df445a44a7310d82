// One tf.Example from JSON. Pure but for memory, thread-safe; input is untrusted.
#pragma once

#include <string>

#include "base/status.h"
#include "serving/json/reader.h"

namespace trainyard::serving {

// Reads an object and appends it as a serialized tensorflow.Example
// (tensorflow/core/example/example.proto). After a failure the reader is !ok() if the JSON itself
// is wrong.
Status ReadExample(JsonReader* reader, std::string* serialized);

}  // namespace trainyard::serving
