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

// The shape of `x`, whose sizes after the first must be known; fails the graph and returns an empty
// shape if they are not.
tf::Shape KnownInputShape(ModelBuilder& model, const tf::Output& x, std::string_view layer);

// A size that has to be positive; fails the graph and returns false if it is not.
bool CheckPositive(ModelBuilder& model, std::string_view layer, std::string_view option,
                   int64_t value);

// The epsilon of a normalisation, which has to be positive; fails the graph and returns false if it
// is not.
bool CheckEpsilon(ModelBuilder& model, std::string_view layer, float epsilon);

// Element `index` of `shape`, the output of a Shape operation.
tf::Output SizeAt(const tf::Scope& scope, const tf::Output& shape, int32_t index);

}  // namespace trainyard::train::internal
