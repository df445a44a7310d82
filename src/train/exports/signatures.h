// The signatures of an exported model, checked.
#pragma once

#include <vector>

#include "base/status.h"
#include "train/exports/saved_model_proto.h"
#include "train/model_graph.h"

namespace trainyard::train {

// From ModelSpec::export_outputs, or its predictions. InvalidArgument, naming the signature and
// what is wrong with it, if one cannot be served: classify and regress need `examples` as their
// input, string classes, and scores and values that are float.
Result<std::vector<SavedModelParts::Signature>> MakeSignatures(const ModelGraph& model);

}  // namespace trainyard::train
