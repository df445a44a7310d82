// Variables that are split by rows: how values, lookups and gradients of a whole become those of
// its parts, and the other way round.
#pragma once

#include <span>
#include <vector>

#include "train/gradient.h"

namespace trainyard::train::internal {

// The trainable variables as they are stored: parts instead of wholes.
std::vector<const Variable*> StoredTrainableVariables(const ModelBuilder& model);

// `values`, one after the other.
tf::Output ConcatRows(const tf::Scope& scope, const std::vector<tf::Output>& values);

// The rows of `value` that each range takes; the ranges are all of it, in order.
std::vector<tf::Output> SplitByRows(const tf::Scope& scope, const tf::Output& value,
                                    const std::vector<RowRange>& rows);

// The rows `ids` (int32 or int64, any shape) of a variable that is one resource, on its device. A
// run with an id outside of it fails with the id and its place.
tf::Output LookUpRows(const tf::Scope& scope, const Variable& variable, const tf::Output& ids);

// The same of a variable in parts: each id goes to its part, and the rows that come back are put in
// order. On the scope's device, but for the reads.
tf::Output LookUpRowsOfParts(const tf::Scope& scope, const Variable& whole, const tf::Output& ids);

// Gradients of what is stored: for each whole among the variables those of its parts, in order, the
// indices of sparse ones counted from the part's first row (a part of which no row was read has
// none). Others stay as they are.
std::vector<Gradient> GradientsOfParts(const tf::Scope& scope, std::vector<Gradient> gradients);

// For each gradient the sum of the `scalars` (one per gradient) of all parts of the same whole; its
// own scalar if it has no others beside it. For what an optimizer computes of a variable as a
// whole, such as its norm.
std::vector<tf::Output> SumOverParts(const tf::Scope& scope, std::span<const Gradient> gradients,
                                     const std::vector<tf::Output>& scalars);

}  // namespace trainyard::train::internal
