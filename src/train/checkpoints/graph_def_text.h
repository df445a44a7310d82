// A graph as text, for people and for TensorFlow's tools (`graph.pbtxt`).
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace trainyard::train {

// The text format (developers.google.com/protocol-buffers/docs/text-format-spec) of a serialized
// tensorflow.GraphDef, as Python's `text_format.Parse` and `tf.io.write_graph` know it; attributes
// sorted by name, strings escaped to ASCII. InvalidArgument, with the field's number and message,
// for what is no GraphDef or has fields that this does not know: functions are not known, since
// model functions cannot make any.
Result<std::string> FormatGraphDef(std::string_view graph_def);

}  // namespace trainyard::train
