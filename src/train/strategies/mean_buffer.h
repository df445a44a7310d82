// One array for all that replicas exchange in a step.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "tf/tensor.h"

namespace trainyard::train {

// Local values go in, one exchange makes means of them, and the means are fed to TensorFlow where
// they are, without a copy. Thread-compatible.
class MeanBuffer {
 public:
  explicit MeanBuffer(const std::vector<tf::Shape>& shapes);

  size_t num_floats() const { return num_floats_; }

  // A new step, with zeros everywhere if `clear`. Takes other memory if TensorFlow still holds
  // means of the last one.
  void Begin(bool clear);
  void Put(size_t i, std::span<const float> values);
  std::span<float> all() const { return {floats_.get(), num_floats_}; }
  float First(size_t i) const { return floats_[static_cast<std::ptrdiff_t>(places_[i])]; }
  // Shares the buffer's memory: valid until the next Begin, and not to be written to.
  tf::Tensor Mean(size_t i) const;

 private:
  void Allocate();

  const std::vector<tf::Shape> shapes_;
  std::vector<size_t> places_;  // in floats
  size_t num_floats_ = 0;
  std::shared_ptr<float[]> floats_;
};

}  // namespace trainyard::train
