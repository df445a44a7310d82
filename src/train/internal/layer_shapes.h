// What layers ask about their inputs before they build anything.
#pragma once

#include <initializer_list>
#include <string_view>

#include "train/model_builder.h"

namespace trainyard::train::internal {

// The shape of `x`, where `layer` needs one of the `ranks` and a known last dimension. Otherwise
// fails the graph with "<layer> needs an input <wanted>, ..." and returns an empty shape; the layer
// then returns no output.
tf::Shape LayerInputShape(ModelBuilder& model, const tf::Output& x, std::string_view layer,
                          std::string_view wanted, std::initializer_list<size_t> ranks);

// A size that has to be positive; fails the graph and returns false if it is not.
bool CheckPositive(ModelBuilder& model, std::string_view layer, std::string_view option,
                   int64_t value);

}  // namespace trainyard::train::internal
