#include "train/inputs/tensors.h"

#include <algorithm>

namespace trainyard::train {
namespace {

// Copies `from` of shape `inner` into the corner of `to` of shape `outer`, which is as large or
// larger in every dimension.
template <class Copy>
void CopyCorner(const tf::Shape& inner, const tf::Shape& outer, size_t dimension, size_t from,
                size_t to, const Copy& copy) {
  if (dimension == inner.size()) {
    copy(from, to, 1);
    return;
  }
  if (dimension + 1 == inner.size()) {
    copy(from, to, static_cast<size_t>(inner[dimension]));
    return;
  }
  size_t inner_step = 1;
  size_t outer_step = 1;
  for (size_t i = dimension + 1; i < inner.size(); ++i) {
    inner_step *= static_cast<size_t>(inner[i]);
    outer_step *= static_cast<size_t>(outer[i]);
  }
  for (int64_t i = 0; i < inner[dimension]; ++i) {
    CopyCorner(inner, outer, dimension + 1, from, to, copy);
    from += inner_step;
    to += outer_step;
  }
}

template <class T>
void FillWith(tf::Tensor& tensor, double value) {
  std::ranges::fill(tensor.data<T>(), static_cast<T>(value));
}

Status Fill(tf::Tensor& tensor, const StackOptions& options) {
  if (options.pad_value == 0) {
    std::memset(tensor.raw(), 0, tensor.num_bytes());
    return OkStatus();
  }
  switch (tensor.dtype()) {
    case tf::DataType::kFloat:
      FillWith<float>(tensor, options.pad_value);
      return OkStatus();
    case tf::DataType::kDouble:
      FillWith<double>(tensor, options.pad_value);
      return OkStatus();
    case tf::DataType::kInt32:
      FillWith<int32_t>(tensor, options.pad_value);
      return OkStatus();
    case tf::DataType::kInt64:
      FillWith<int64_t>(tensor, options.pad_value);
      return OkStatus();
    case tf::DataType::kUint8:
      FillWith<uint8_t>(tensor, options.pad_value);
      return OkStatus();
    default:
      return InvalidArgumentError("feature \"{}\" of type {} can be padded with 0 only",
                                  options.name, tf::DataTypeName(tensor.dtype()));
  }
}

// The shape that all rows fit into.
Result<tf::Shape> CommonShape(std::span<const tf::Tensor* const> rows,
                              const StackOptions& options) {
  tf::Shape common = rows[0]->shape();
  for (const tf::Tensor* row : rows) {
    const tf::Shape shape = row->shape();
    if (row->dtype() != rows[0]->dtype()) {
      return InvalidArgumentError(
          "cannot batch feature \"{}\": it is {} in one example and {} in"
          " another",
          options.name, tf::DataTypeName(rows[0]->dtype()), tf::DataTypeName(row->dtype()));
    }
    if (shape == common) continue;
    if (!options.pad || shape.size() != common.size()) {
      return InvalidArgumentError(
          "cannot batch feature \"{}\": its shape is {} in one example and"
          " {} in another{}",
          options.name, tf::ShapeToString(common), tf::ShapeToString(shape),
          options.pad ? "" : "; padded batches take both");
    }
    for (size_t i = 0; i < shape.size(); ++i) common[i] = std::max(common[i], shape[i]);
  }
  return common;
}

tf::Tensor StackStrings(std::span<const tf::Tensor* const> rows, const tf::Shape& common,
                        const tf::Shape& whole) {
  const auto row_size = static_cast<size_t>(tf::NumElements(common));
  std::vector<std::string> values(rows.size() * row_size);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<std::string> row = rows[i]->strings();
    CopyCorner(rows[i]->shape(), common, 0, 0, i * row_size,
               [&](size_t from, size_t to, size_t count) {
                 for (size_t k = 0; k < count; ++k) values[to + k] = std::move(row[from + k]);
               });
  }
  return tf::Tensor::FromStrings(whole, values);
}

}  // namespace

const tf::Tensor* FindFeature(const Batch& example, const std::string& name) {
  const auto feature = example.features.find(name);
  const tf::Tensor* found = &example.labels;
  if (!name.empty()) found = feature == example.features.end() ? nullptr : &feature->second;
  return found == nullptr || found->empty() ? nullptr : found;
}

tf::Tensor CopyOf(const tf::Tensor& tensor) {
  if (tensor.empty()) return {};
  if (tensor.dtype() == tf::DataType::kString) {
    return tf::Tensor::FromStrings(tensor.shape(), tensor.strings());
  }
  tf::Tensor copy = tf::Tensor::Allocate(tensor.dtype(), tensor.shape());
  if (tensor.num_bytes() > 0) std::memcpy(copy.raw(), tensor.raw(), tensor.num_bytes());
  return copy;
}

Batch CopyOf(const Batch& batch) {
  Batch copy;
  for (const auto& [name, tensor] : batch.features) copy.features.emplace(name, CopyOf(tensor));
  copy.labels = CopyOf(batch.labels);
  return copy;
}

Result<tf::Tensor> Stack(std::span<const tf::Tensor* const> rows, const StackOptions& options) {
  CHECK(!rows.empty());
  ASSIGN_OR_RETURN(const tf::Shape common, CommonShape(rows, options));
  tf::Shape whole = common;
  whole.insert(whole.begin(), static_cast<int64_t>(rows.size()));
  if (rows[0]->dtype() == tf::DataType::kString) return StackStrings(rows, common, whole);
  const size_t size = tf::DataTypeSize(rows[0]->dtype());
  if (size == 0) {
    return InvalidArgumentError("feature \"{}\" of type {} cannot be batched", options.name,
                                tf::DataTypeName(rows[0]->dtype()));
  }
  tf::Tensor stacked = tf::Tensor::Allocate(rows[0]->dtype(), whole);
  const bool equal = std::ranges::all_of(rows, [&](const auto* r) { return r->shape() == common; });
  if (!equal) RETURN_IF_ERROR(Fill(stacked, options));
  const auto row_size = static_cast<size_t>(tf::NumElements(common));
  char* const out = static_cast<char*>(stacked.raw());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i]->num_bytes() == 0) continue;
    const char* const in = static_cast<const char*>(rows[i]->raw());
    CopyCorner(rows[i]->shape(), common, 0, 0, i * row_size,
               [&](size_t from, size_t to, size_t count) {
                 std::memcpy(out + to * size, in + from * size, count * size);
               });
  }
  return stacked;
}

}  // namespace trainyard::train
