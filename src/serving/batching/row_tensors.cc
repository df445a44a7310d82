#include "serving/batching/row_tensors.h"

#include <algorithm>
#include <string_view>

namespace trainyard::serving {
namespace {

// Shapes without dimension 0.
tf::Shape RowShape(const tf::Tensor& tensor) {
  tf::Shape shape = tensor.shape();
  shape.erase(shape.begin());
  return shape;
}

Result<tf::Shape> CommonRowShape(std::span<const tf::Tensor* const> tensors,
                                 const JoinOptions& options) {
  tf::Shape common = RowShape(*tensors[0]);
  for (const tf::Tensor* tensor : tensors.subspan(1)) {
    const tf::Shape shape = RowShape(*tensor);
    if (tensor->dtype() != tensors[0]->dtype()) {
      return InvalidArgumentError("requests for one batch have input '{}' as {} and as {}",
                                  options.name, tf::DataTypeName(tensors[0]->dtype()),
                                  tf::DataTypeName(tensor->dtype()));
    }
    if (shape == common) continue;
    if (shape.size() != common.size()) {
      return InvalidArgumentError(
          "requests for one batch have input '{}' with {} and {} dimensions", options.name,
          common.size() + 1, shape.size() + 1);
    }
    if (!options.pad) {
      return FailedPreconditionError(
          "Tensors with name '{}' from different tasks have different shapes and padding is turned "
          "off. Set pad_variable_length_inputs to true, or ensure that all tensors with the same "
          "name have equal dimensions starting with the first dim.",
          options.name);
    }
    for (size_t i = 0; i < common.size(); ++i) common[i] = std::max(common[i], shape[i]);
  }
  return common;
}

// Calls copy(from, to, count) for every run of values of a row of shape `inner` that goes into the
// corner of one of shape `outer`.
template <class Copy>
void ForEachRun(const tf::Shape& inner, const tf::Shape& outer, const Copy& copy,
                size_t dimension = 0, size_t from = 0, size_t to = 0) {
  if (dimension + 1 >= inner.size()) {
    copy(from, to, inner.empty() ? size_t{1} : static_cast<size_t>(inner.back()));
    return;
  }
  size_t inner_step = 1;
  size_t outer_step = 1;
  for (size_t i = dimension + 1; i < inner.size(); ++i) {
    inner_step *= static_cast<size_t>(inner[i]);
    outer_step *= static_cast<size_t>(outer[i]);
  }
  for (int64_t i = 0; i < inner[dimension]; ++i) {
    ForEachRun(inner, outer, copy, dimension + 1, from, to);
    from += inner_step;
    to += outer_step;
  }
}

// Where a tensor's rows go; both kinds of values are written by it.
template <class Place>
void PlaceRows(std::span<const tf::Tensor* const> tensors, const tf::Shape& common, int64_t rows,
               const Place& place) {
  int64_t row = 0;
  for (const tf::Tensor* tensor : tensors) {
    const int64_t count = tensor->shape()[0];
    for (int64_t i = 0; i < count; ++i) place(*tensor, RowShape(*tensor) == common, i, row++);
  }
  const tf::Tensor& last = *tensors.back();
  for (const bool fits = RowShape(last) == common; row < rows;) place(last, fits, 0, row++);
}

tf::Tensor JoinStrings(std::span<const tf::Tensor* const> tensors, const tf::Shape& common,
                       const tf::Shape& whole) {
  std::vector<std::string_view> values(static_cast<size_t>(tf::NumElements(whole)));
  const auto row_values = static_cast<size_t>(tf::NumElements(common));
  PlaceRows(tensors, common, whole[0],
            [&](const tf::Tensor& tensor, bool /*fits*/, int64_t from_row, int64_t to_row) {
              const tf::Shape inner = RowShape(tensor);
              const int64_t begin = from_row * tf::NumElements(inner);
              const size_t out = static_cast<size_t>(to_row) * row_values;
              if (tensor.num_elements() == 0) return;
              std::fill_n(values.begin() + static_cast<ptrdiff_t>(out), row_values,
                          tensor.string_at(0));
              ForEachRun(inner, common, [&](size_t from, size_t to, size_t count) {
                for (size_t k = 0; k < count; ++k) {
                  values[out + to + k] = tensor.string_at(begin + static_cast<int64_t>(from + k));
                }
              });
            });
  return tf::Tensor::FromStringViews(whole, values);
}

tf::Tensor JoinNumbers(std::span<const tf::Tensor* const> tensors, const tf::Shape& common,
                       const tf::Shape& whole) {
  tf::Tensor joined = tf::Tensor::Allocate(tensors[0]->dtype(), whole);
  const size_t size = tf::DataTypeSize(joined.dtype());
  const size_t row_bytes = static_cast<size_t>(tf::NumElements(common)) * size;
  char* const begin = static_cast<char*>(joined.raw());
  PlaceRows(tensors, common, whole[0],
            [&](const tf::Tensor& tensor, bool fits, int64_t from_row, int64_t to_row) {
              const char* const values = static_cast<const char*>(tensor.raw());
              char* const out = begin + static_cast<size_t>(to_row) * row_bytes;
              if (fits) {
                if (row_bytes == 0) return;
                std::memcpy(out, values + static_cast<size_t>(from_row) * row_bytes, row_bytes);
                return;
              }
              const tf::Shape inner = RowShape(tensor);
              const char* const row =
                  values + static_cast<size_t>(from_row * tf::NumElements(inner)) * size;
              if (tensor.num_elements() == 0) {
                std::memset(out, 0, row_bytes);
                return;
              }
              for (size_t at = 0; at < row_bytes; at += size) std::memcpy(out + at, values, size);
              ForEachRun(inner, common, [&](size_t from, size_t to, size_t count) {
                std::memcpy(out + to * size, row + from * size, count * size);
              });
            });
  return joined;
}

}  // namespace

Result<tf::Tensor> JoinRows(std::span<const tf::Tensor* const> tensors,
                            const JoinOptions& options) {
  CHECK(!tensors.empty());
  ASSIGN_OR_RETURN(const tf::Shape common, CommonRowShape(tensors, options));
  tf::Shape whole = common;
  whole.insert(whole.begin(), options.rows);
  if (tensors[0]->dtype() == tf::DataType::kString) return JoinStrings(tensors, common, whole);
  if (tf::DataTypeSize(tensors[0]->dtype()) == 0) {
    return InvalidArgumentError("input '{}' of type {} cannot be batched", options.name,
                                tf::DataTypeName(tensors[0]->dtype()));
  }
  return JoinNumbers(tensors, common, whole);
}

tf::Tensor TakeRows(const tf::Tensor& tensor, int64_t begin, int64_t count) {
  tf::Shape shape = tensor.shape();
  shape[0] = 1;
  const int64_t row_values = tf::NumElements(shape);
  shape[0] = count;
  if (tensor.dtype() == tf::DataType::kString) {
    std::vector<std::string_view> values;
    for (int64_t i = begin * row_values; i < (begin + count) * row_values; ++i) {
      values.push_back(tensor.string_at(i));
    }
    return tf::Tensor::FromStringViews(shape, values);
  }
  tf::Tensor taken = tf::Tensor::Allocate(tensor.dtype(), shape);
  const size_t row_bytes = static_cast<size_t>(row_values) * tf::DataTypeSize(tensor.dtype());
  if (taken.num_bytes() > 0) {
    std::memcpy(taken.raw(),
                static_cast<const char*>(tensor.raw()) + static_cast<size_t>(begin) * row_bytes,
                taken.num_bytes());
  }
  return taken;
}

}  // namespace trainyard::serving
