#include "tf/tensor.h"

#include <tensorflow/c/tf_tensor.h>
#include <tensorflow/c/tf_tstring.h>

#include <cstdlib>
#include <new>

#include "tf/internal/handles.h"

namespace trainyard::tf {
namespace {

// Runs when TensorFlow drops its last reference, which may be long after our handle is gone.
void DeleteStrings(void* data, size_t num_bytes, void* /*unused*/) {
  auto* strings = static_cast<TF_TString*>(data);
  for (size_t i = 0; i < num_bytes / sizeof(TF_TString); ++i) TF_StringDealloc(&strings[i]);
  std::free(data);
}

void LetGo(void* /*data*/, size_t /*num_bytes*/, void* memory) {
  delete static_cast<std::shared_ptr<void>*>(memory);
}

template <class String>
TF_Tensor* CopyStrings(const Shape& shape, std::span<const String> values) {
  CHECK(NumElements(shape) == static_cast<int64_t>(values.size()));
  const size_t bytes = sizeof(TF_TString) * values.size();
  // TensorFlow wants its buffers aligned for vector instructions.
  constexpr size_t kAlignment = 64;
  const size_t rounded = (bytes / kAlignment + 1) * kAlignment;
  auto* strings = static_cast<TF_TString*>(std::aligned_alloc(kAlignment, rounded));
  CHECK(strings != nullptr);
  for (size_t i = 0; i < values.size(); ++i) {
    TF_StringInit(&strings[i]);
    TF_StringCopy(&strings[i], values[i].data(), values[i].size());
  }
  return TF_NewTensor(TF_STRING, shape.data(), static_cast<int>(shape.size()), strings, bytes,
                      DeleteStrings, nullptr);
}

}  // namespace

void TensorDeleter::operator()(TF_Tensor* tensor) const { TF_DeleteTensor(tensor); }

Tensor Tensor::Allocate(DataType type, const Shape& shape) {
  const size_t element_bytes = DataTypeSize(type);
  CHECK(element_bytes > 0);
  const size_t bytes = element_bytes * static_cast<size_t>(NumElements(shape));
  TF_Tensor* tensor = TF_AllocateTensor(static_cast<TF_DataType>(type), shape.data(),
                                        static_cast<int>(shape.size()), bytes);
  CHECK(tensor != nullptr);
  return Tensor(tensor);
}

Tensor Tensor::FromStrings(const Shape& shape, std::span<const std::string> values) {
  return Tensor(CopyStrings(shape, values));
}

Tensor Tensor::FromStringViews(const Shape& shape, std::span<const std::string_view> values) {
  return Tensor(CopyStrings(shape, values));
}

Tensor Tensor::Sharing(DataType type, const Shape& shape, std::shared_ptr<void> memory,
                       void* data) {
  const size_t bytes = DataTypeSize(type) * static_cast<size_t>(NumElements(shape));
  auto owner = std::make_unique<std::shared_ptr<void>>(std::move(memory));
  return Tensor(TF_NewTensor(static_cast<TF_DataType>(type), shape.data(),
                             static_cast<int>(shape.size()), data, bytes, LetGo, owner.release()));
}

Tensor Tensor::StringScalar(const std::string& value) {
  return FromStrings({}, std::span<const std::string>(&value, 1));
}

Tensor Tensor::ReshapedTo(const Shape& shape) && {
  CHECK(NumElements(shape) == num_elements());
  internal::CallStatus call;
  Tensor reshaped = Scalar<uint8_t>(0);  // something for the C API to overwrite
  TF_TensorBitcastFrom(handle_.get(), TF_TensorType(handle_.get()), reshaped.handle_.get(),
                       shape.data(), static_cast<int>(shape.size()), call.get());
  CHECK(call.ok());
  handle_.reset();
  return reshaped;
}

DataType Tensor::dtype() const {
  return empty() ? DataType::kInvalid : static_cast<DataType>(TF_TensorType(handle_.get()));
}

Shape Tensor::shape() const {
  Shape shape;
  if (empty()) return shape;
  for (int i = 0; i < TF_NumDims(handle_.get()); ++i) shape.push_back(TF_Dim(handle_.get(), i));
  return shape;
}

int64_t Tensor::num_elements() const { return empty() ? 0 : TF_TensorElementCount(handle_.get()); }

size_t Tensor::num_bytes() const { return empty() ? 0 : TF_TensorByteSize(handle_.get()); }

std::vector<std::string> Tensor::strings() const {
  CHECK(dtype() == DataType::kString);
  const auto* strings = static_cast<const TF_TString*>(raw());
  std::vector<std::string> values;
  values.reserve(static_cast<size_t>(num_elements()));
  for (int64_t i = 0; i < num_elements(); ++i) {
    values.emplace_back(TF_StringGetDataPointer(&strings[i]), TF_StringGetSize(&strings[i]));
  }
  return values;
}

std::string_view Tensor::string_at(int64_t i) const {
  const auto* string = static_cast<const TF_TString*>(raw()) + i;
  return {TF_StringGetDataPointer(string), TF_StringGetSize(string)};
}

const void* Tensor::raw() const { return empty() ? nullptr : TF_TensorData(handle_.get()); }
void* Tensor::raw() { return empty() ? nullptr : TF_TensorData(handle_.get()); }

}  // namespace trainyard::tf
