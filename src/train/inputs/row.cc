#include "train/inputs/row.h"

#include <algorithm>
#include <span>

#include "train/inputs/tensors.h"

namespace trainyard::train {
namespace {

// Large enough that what a block costs beside its values is nothing, small enough that one example
// of another shape spoils few others.
constexpr size_t kRowsInBlock = 1024;

Block::Column ColumnOf(const tf::Tensor& tensor) {
  tf::Shape row_shape = tensor.shape();
  row_shape.erase(row_shape.begin());
  const auto row_values = static_cast<size_t>(tf::NumElements(row_shape));
  return {.tensor = &tensor,
          .dtype = tensor.dtype(),
          .row_shape = std::move(row_shape),
          .row_values = row_values,
          .row_bytes = row_values * tf::DataTypeSize(tensor.dtype()),
          .values = static_cast<const char*>(tensor.raw())};
}

tf::Tensor CopyOfRow(const Block::Column& column, int64_t number) {
  const auto row = static_cast<size_t>(number);
  if (column.dtype == tf::DataType::kString) {
    std::vector<std::string_view> strings;
    for (size_t i = 0; i < column.row_values; ++i) {
      strings.push_back(
          column.tensor->string_at(static_cast<int64_t>(row * column.row_values + i)));
    }
    return tf::Tensor::FromStringViews(column.row_shape, strings);
  }
  tf::Tensor copy = tf::Tensor::Allocate(column.dtype, column.row_shape);
  if (column.row_bytes > 0) {
    std::memcpy(copy.raw(), column.values + row * column.row_bytes, column.row_bytes);
  }
  return copy;
}

// The feature ("" for the labels) of all examples, stacked; empty if they do not fit together.
tf::Tensor StackFeature(std::span<const Row> rows, const std::string& name) {
  std::vector<const tf::Tensor*> tensors;
  for (const Row& row : rows) {
    const tf::Tensor* tensor = FindFeature(*row.example(), name);
    if (tensor == nullptr) return {};
    tensors.push_back(tensor);
  }
  Result<tf::Tensor> stacked = Stack(tensors, {});
  return stacked.ok() ? std::move(*stacked) : tf::Tensor();
}

// Nothing if some are rows of blocks, or they do not fit together.
std::optional<Batch> StackAll(std::span<const Row> rows) {
  const auto fits = [&](const Row& row) {
    return row.example() != nullptr &&
           row.example()->features.size() == rows[0].example()->features.size() &&
           row.example()->labels.empty() == rows[0].example()->labels.empty();
  };
  if (rows[0].example() == nullptr || !std::ranges::all_of(rows, fits)) return std::nullopt;
  Batch stacked;
  for (const auto& [name, tensor] : rows[0].example()->features) {
    tf::Tensor all = StackFeature(rows, name);
    if (all.empty()) return std::nullopt;
    stacked.features.emplace(name, std::move(all));
  }
  if (rows[0].example()->labels.empty()) return stacked;
  stacked.labels = StackFeature(rows, "");
  return stacked.labels.empty() ? std::nullopt : std::optional(std::move(stacked));
}

}  // namespace

Block::Block(Batch rows) : rows_(std::move(rows)) {
  for (const auto& [name, tensor] : rows_.features) columns_[name] = ColumnOf(tensor);
  if (!rows_.labels.empty()) columns_[""] = ColumnOf(rows_.labels);
}

const Block::Column* Block::Find(const std::string& feature) const {
  const auto found = columns_.find(feature);
  return found == columns_.end() ? nullptr : &found->second;
}

Batch Block::CopyRow(int64_t number) const {
  Batch example;
  for (const auto& [name, column] : columns_) {
    tf::Tensor& place = name.empty() ? example.labels : example.features[name];
    place = CopyOfRow(column, number);
  }
  return example;
}

Batch Row::ToExample() && {
  if (block_ != nullptr) return block_->CopyRow(number_);
  if (example_ == nullptr) return {};
  const std::shared_ptr<Batch> example = std::move(example_);
  return example.use_count() == 1 ? std::move(*example) : CopyOf(*example);
}

std::vector<Row> InBlocks(std::vector<Row> rows) {
  for (size_t first = 0; first < rows.size(); first += kRowsInBlock) {
    const std::span<Row> part =
        std::span(rows).subspan(first, std::min(kRowsInBlock, rows.size() - first));
    std::optional<Batch> stacked = StackAll(part);
    if (!stacked.has_value()) continue;
    const auto block = std::make_shared<const Block>(std::move(*stacked));
    for (size_t i = 0; i < part.size(); ++i) part[i] = Row(block, static_cast<int64_t>(i));
  }
  return rows;
}

}  // namespace trainyard::train
