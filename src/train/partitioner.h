// How large variables are split over parameter servers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tf/types.h"

namespace trainyard::train {

// Splits a variable by rows (its first dimension) into as many parts as there are, or as its size
// is worth: min(rows, max_partitions, ceil(bytes / min_slice_size)). Names, defaults and rule are
// those of tf.compat.v1.min_max_variable_partitioner, which is also TensorFlow 2's
// MinSizePartitioner, on axis 0. A plain value.
struct MinMaxVariablePartitioner {
  // 0: one for each parameter server. More than that puts several parts on one.
  int max_partitions = 0;
  // Bytes from which on another part is made. > 0.
  int64_t min_slice_size = 256 << 10;
};

// The rows [begin, begin + size) of a variable.
struct RowRange {
  int64_t begin = 0;
  int64_t size = 0;
  friend bool operator==(const RowRange&, const RowRange&) = default;
};

// The rows of each part, in order, as even as can be: the first ones have one row more where the
// number does not divide. All rows as one part where the variable stays whole: a scalar, strings,
// or too small. The lookups' ids go to the parts accordingly: the strategy "div" of
// tf.nn.embedding_lookup.
std::vector<RowRange> PartitionRows(const MinMaxVariablePartitioner& partitioner,
                                    const tf::Shape& shape, tf::DataType dtype);

// How a checkpoint names a part: "10 4 0,5:-" for 5 rows from the first on of a [10,4] variable, as
// SaveV2 and RestoreV2 take it (shape_and_slices).
std::string ShapeAndSlice(const tf::Shape& whole, const RowRange& rows);

}  // namespace trainyard::train
