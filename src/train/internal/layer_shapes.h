// What layers ask about their inputs before they build anything.
#pragma once

#include <string_view>

#include "train/model_builder.h"

namespace trainyard::train::internal {

// The shape of `x`, where `layer` needs `rank` dimensions of which all but the first `free` are
// known: "conv2d needs an input [batch,height,width,channels], ...". Otherwise fails the graph and
// returns an empty shape; the layer then returns no output.
tf::Shape LayerInputShape(ModelBuilder& model, const tf::Output& x, std::string_view layer,
                          std::string_view wanted, size_t rank, size_t free);

// A size that has to be positive; fails the graph and returns false if it is not.
bool CheckPositive(ModelBuilder& model, std::string_view layer, std::string_view option,
                   int64_t value);

}  // namespace trainyard::train::internal
