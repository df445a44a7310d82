#include "train/inputs/row.h"

#include <algorithm>
#include <functional>

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

// Empty if the examples do not fit together.
std::optional<Batch> StackAll(const std::vector<Batch>& examples) {
  Batch stacked;
  const auto stack = [&](const std::function<const tf::Tensor*(const Batch&)>& of,
                         tf::Tensor* into) {
    std::vector<const tf::Tensor*> tensors;
    for (const Batch& example : examples) {
      const tf::Tensor* tensor = of(example);
      if (tensor == nullptr || tensor->empty()) return false;
      tensors.push_back(tensor);
    }
    Result<tf::Tensor> all = Stack(tensors, {});
    if (all.ok()) *into = std::move(*all);
    return all.ok();
  };
  for (const auto& [name, tensor] : examples[0].features) {
    const auto find = [&](const Batch& example) {
      const auto found = example.features.find(name);
      return found == example.features.end() ? nullptr : &found->second;
    };
    if (!stack(find, &stacked.features[name])) return std::nullopt;
  }
  const auto labels = [](const Batch& example) { return &example.labels; };
  if (!examples[0].labels.empty() && !stack(labels, &stacked.labels)) return std::nullopt;
  for (const Batch& example : examples) {
    if (example.features.size() != stacked.features.size() ||
        example.labels.empty() != stacked.labels.empty()) {
      return std::nullopt;
    }
  }
  return stacked;
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
  std::vector<Row> blocked;
  blocked.reserve(rows.size());
  for (size_t first = 0; first < rows.size(); first += kRowsInBlock) {
    const size_t end = std::min(rows.size(), first + kRowsInBlock);
    std::vector<Batch> examples;
    for (size_t i = first; i < end; ++i) examples.push_back(std::move(rows[i]).ToExample());
    std::optional<Batch> stacked = StackAll(examples);
    if (!stacked.has_value()) {
      for (Batch& example : examples) blocked.emplace_back(std::move(example));
      continue;
    }
    const auto block = std::make_shared<const Block>(std::move(*stacked));
    for (size_t i = first; i < end; ++i) {
      blocked.emplace_back(block, static_cast<int64_t>(i - first));
    }
  }
  return blocked;
}

}  // namespace trainyard::train
