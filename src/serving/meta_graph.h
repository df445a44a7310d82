// The few things we need from a serialized MetaGraphDef, read without building the whole message:
// its graph may hold hundreds of megabytes of constants.
//
// Thread-safe: no state. Input is untrusted. Field numbers:
// tensorflow/core/protobuf/meta_graph.proto and
// tensorflow/core/framework/{graph,node_def,function}.proto.
#pragma once

#include <string_view>

#include "base/status.h"
#include "tensorflow/serving/metadata.pb.h"

namespace trainyard::serving {

// Every signature, with all fields it has. DataLoss if the bytes are not a MetaGraphDef.
Result<::tensorflow::serving::SignatureDefMap> ReadSignatures(std::string_view meta_graph);

// Whether the graph, or a function in it, creates variables.
bool HasVariables(std::string_view meta_graph);

// Whether there is a loop in the graph, or in a function in it.
bool HasLoops(std::string_view meta_graph);

}  // namespace trainyard::serving
