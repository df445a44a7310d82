#include "train/strategies/mean_buffer.h"

#include <algorithm>
#include <cstdlib>

namespace trainyard::train {
namespace {

// In bytes. TensorFlow copies a tensor that begins elsewhere.
constexpr size_t kAlignment = 64;
constexpr size_t kFloats = kAlignment / sizeof(float);

}  // namespace

MeanBuffer::MeanBuffer(const std::vector<tf::Shape>& shapes) : shapes_(shapes) {
  for (const tf::Shape& shape : shapes_) {
    places_.push_back(num_floats_);
    const auto count = static_cast<size_t>(tf::NumElements(shape));
    num_floats_ += (count + kFloats - 1) / kFloats * kFloats;
  }
  Allocate();
}

void MeanBuffer::Allocate() {
  const size_t bytes = std::max(num_floats_, kFloats) * sizeof(float);
  auto* memory = static_cast<float*>(std::aligned_alloc(kAlignment, bytes));
  CHECK(memory != nullptr);
  std::fill_n(memory, num_floats_, 0.0f);  // the gaps between tensors are exchanged as well
  floats_ = std::shared_ptr<float[]>(memory, [](float* owned) { std::free(owned); });
}

void MeanBuffer::Begin(bool clear) {
  if (floats_.use_count() > 1) {
    Allocate();
    return;
  }
  if (clear) std::fill_n(floats_.get(), num_floats_, 0.0f);
}

void MeanBuffer::Put(size_t i, std::span<const float> values) {
  CHECK(static_cast<int64_t>(values.size()) == tf::NumElements(shapes_[i]));
  std::copy(values.begin(), values.end(), floats_.get() + static_cast<std::ptrdiff_t>(places_[i]));
}

tf::Tensor MeanBuffer::Mean(size_t i) const {
  float* place = floats_.get() + static_cast<std::ptrdiff_t>(places_[i]);
  return tf::Tensor::Sharing(tf::DataType::kFloat, shapes_[i],
                             std::shared_ptr<void>(floats_, place), place);
}

}  // namespace trainyard::train
