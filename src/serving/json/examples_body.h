// The body of a REST Classify or Regress request: tf.Examples written as JSON objects.
//
//   {"signature_name": "s", "context": {"country": "fr"}, "examples": [{"age": 7, "tags": ["a"]}]}
//
// Pure but for memory, thread-safe. Input is untrusted. Texts are TensorFlow Serving's.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace trainyard::serving {

struct ExamplesBody {
  std::string signature_name;         // empty if the body names none
  std::vector<std::string> examples;  // one serialized tensorflow.Example each
  std::string context;  // the same, for features that all have; empty if there is none
};

// A feature is a value or a list of values: whole numbers and truth values give an int64_list,
// other numbers a float_list, strings and {"b64": "..."} a bytes_list.
Result<ExamplesBody> ReadExamplesBody(const std::string& json);

}  // namespace trainyard::serving
