#include "train/partitioner.h"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard::train {

std::vector<RowRange> PartitionRows(const MinMaxVariablePartitioner& partitioner,
                                    const tf::Shape& shape, tf::DataType dtype) {
  const int64_t rows = shape.empty() ? 0 : shape.front();
  const int64_t slice = std::max<int64_t>(1, partitioner.min_slice_size);
  const auto element = static_cast<int64_t>(tf::DataTypeSize(dtype));
  const int64_t worth = (tf::NumElements(shape) * element + slice - 1) / slice;
  const int64_t parts =
      std::max<int64_t>(1, std::min({rows, int64_t{partitioner.max_partitions}, worth}));
  std::vector<RowRange> ranges;
  int64_t begin = 0;
  for (int64_t i = 0; i < parts; ++i) {
    const int64_t size = rows / parts + (i < rows % parts ? 1 : 0);
    ranges.push_back({begin, size});
    begin += size;
  }
  return ranges;
}

std::string ShapeAndSlice(const tf::Shape& whole, const RowRange& rows) {
  std::string text;
  for (const int64_t size : whole) text += fmt::format("{} ", size);
  text += fmt::format("{},{}", rows.begin, rows.size);
  for (size_t i = 1; i < whole.size(); ++i) text += ":-";
  return text;
}

}  // namespace trainyard::train
