// Rows of blocks gathered into one tensor: one copy of each value, and no other work per row.
#pragma once

#include <optional>
#include <span>

#include "train/inputs/row.h"

namespace trainyard::train {

// The feature ("" for the labels) of all rows, stacked. Nothing where that takes more than copying
// (an example by itself, another type or shape than the others', no such feature): whoever stacks
// examples then says what is wrong, or pads.
std::optional<tf::Tensor> GatherRows(std::span<const Row> rows, const std::string& feature,
                                     tf::DataType dtype);

}  // namespace trainyard::train
