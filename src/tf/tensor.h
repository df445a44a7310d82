// A tensor in memory: element type, shape and values.
#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tf/types.h"

struct TF_Tensor;

namespace trainyard::tf {

struct TensorDeleter {
  void operator()(TF_Tensor* tensor) const;
};

// Owns one TensorFlow tensor. Move-only; an empty Tensor (default-made or moved-from) has no
// values. Thread-compatible: many readers, or one writer. TensorFlow may keep reading a tensor's
// memory after a run it was fed to, so a tensor that has been fed should not be written again.
//
//   Tensor batch = Tensor::Allocate(DataType::kFloat, {2, 3});
//   batch.data<float>()[0] = 1.0f;
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(TF_Tensor* owned) : handle_(owned) {}

  // Memory for the shape, values undefined. Not for strings.
  static Tensor Allocate(DataType type, const Shape& shape);

  template <class T>
  static Tensor FromValues(const Shape& shape, std::span<const T> values) {
    Tensor tensor = Allocate(DataTypeOf<T>, shape);
    CHECK(tensor.num_elements() == static_cast<int64_t>(values.size()));
    if (!values.empty()) std::memcpy(tensor.raw(), values.data(), values.size_bytes());
    return tensor;
  }
  template <class T>
  static Tensor FromVector(const std::vector<T>& values) {
    return FromValues<T>({static_cast<int64_t>(values.size())}, std::span<const T>(values));
  }
  template <class T>
  static Tensor Scalar(T value) {
    return FromValues<T>({}, std::span<const T>(&value, 1));
  }
  // String tensors copy their bytes.
  static Tensor FromStrings(const Shape& shape, std::span<const std::string> values);
  static Tensor FromStringViews(const Shape& shape, std::span<const std::string_view> values);
  static Tensor StringScalar(const std::string& value);

  // A tensor over memory that others own together with it: no copy, if `data` is aligned to 64
  // bytes. `memory` is let go when TensorFlow's last reference is, which may be after a run; until
  // then the values must not change. Not for strings.
  static Tensor Sharing(DataType type, const Shape& shape, std::shared_ptr<void> memory,
                        void* data);

  // The same memory as an array of another shape, with as many elements.
  Tensor ReshapedTo(const Shape& shape) &&;

  bool empty() const { return handle_ == nullptr; }
  DataType dtype() const;
  Shape shape() const;
  int64_t num_elements() const;
  size_t num_bytes() const;  // of the raw memory

  // The values in row-major order. T must be the C++ type of dtype(): a mismatch is our own bug.
  template <class T>
  std::span<const T> data() const {
    CHECK(dtype() == DataTypeOf<T>);
    return {static_cast<const T*>(raw()), static_cast<size_t>(num_elements())};
  }
  template <class T>
  std::span<T> data() {
    CHECK(dtype() == DataTypeOf<T>);
    return {static_cast<T*>(raw()), static_cast<size_t>(num_elements())};
  }
  // The first value; for scalars.
  template <class T>
  T scalar() const {
    CHECK(num_elements() > 0);
    return data<T>()[0];
  }
  // The values of a string tensor, copied.
  std::vector<std::string> strings() const;
  // One of them; valid as long as the tensor. The tensor must be of strings and have it.
  std::string_view string_at(int64_t i) const;

  const void* raw() const;
  void* raw();
  TF_Tensor* handle() const { return handle_.get(); }

 private:
  std::unique_ptr<TF_Tensor, TensorDeleter> handle_;
};

}  // namespace trainyard::tf
