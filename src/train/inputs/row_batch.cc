#include "train/inputs/row_batch.h"

namespace trainyard::train {

std::optional<tf::Tensor> GatherRows(std::span<const Row> rows, const std::string& feature,
                                     tf::DataType dtype) {
  std::vector<const Block::Column*> columns;
  columns.reserve(rows.size());
  for (const Row& row : rows) {
    const Block::Column* column = row.block() == nullptr ? nullptr : row.block()->Find(feature);
    if (column == nullptr || column->dtype != dtype) return std::nullopt;
    if (!columns.empty() && column->row_shape != columns[0]->row_shape) return std::nullopt;
    columns.push_back(column);
  }
  if (columns.empty()) return std::nullopt;
  const Block::Column& first = *columns[0];
  tf::Shape shape = first.row_shape;
  shape.insert(shape.begin(), static_cast<int64_t>(rows.size()));
  if (dtype == tf::DataType::kString) {
    std::vector<std::string_view> strings;
    strings.reserve(rows.size() * first.row_values);
    for (size_t i = 0; i < rows.size(); ++i) {
      const int64_t begin = rows[i].number() * static_cast<int64_t>(first.row_values);
      for (size_t k = 0; k < first.row_values; ++k) {
        strings.push_back(columns[i]->tensor->string_at(begin + static_cast<int64_t>(k)));
      }
    }
    return tf::Tensor::FromStringViews(shape, strings);
  }
  tf::Tensor gathered = tf::Tensor::Allocate(dtype, shape);
  char* to = static_cast<char*>(gathered.raw());
  for (size_t i = 0; first.row_bytes > 0 && i < rows.size(); ++i) {
    std::memcpy(to, columns[i]->values + static_cast<size_t>(rows[i].number()) * first.row_bytes,
                first.row_bytes);
    to += first.row_bytes;
  }
  return gathered;
}

}  // namespace trainyard::train
