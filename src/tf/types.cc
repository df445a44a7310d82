#include "tf/types.h"

#include <fmt/format.h>
#include <tensorflow/c/tf_datatype.h>

namespace trainyard::tf {

std::string DataTypeName(DataType type) {
  switch (type) {
    case DataType::kInvalid:
      return "invalid";
    case DataType::kFloat:
      return "float";
    case DataType::kDouble:
      return "double";
    case DataType::kInt32:
      return "int32";
    case DataType::kUint8:
      return "uint8";
    case DataType::kInt16:
      return "int16";
    case DataType::kInt8:
      return "int8";
    case DataType::kString:
      return "string";
    case DataType::kComplex64:
      return "complex64";
    case DataType::kInt64:
      return "int64";
    case DataType::kBool:
      return "bool";
    case DataType::kBfloat16:
      return "bfloat16";
    case DataType::kUint16:
      return "uint16";
    case DataType::kComplex128:
      return "complex128";
    case DataType::kHalf:
      return "half";
    case DataType::kResource:
      return "resource";
    case DataType::kVariant:
      return "variant";
    case DataType::kUint32:
      return "uint32";
    case DataType::kUint64:
      return "uint64";
  }
  return fmt::format("type {}", static_cast<int>(type));
}

size_t DataTypeSize(DataType type) {
  if (type == DataType::kString || type == DataType::kResource || type == DataType::kVariant) {
    return 0;
  }
  return TF_DataTypeSize(static_cast<TF_DataType>(type));
}

int64_t NumElements(const Shape& shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

std::string ShapeToString(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ',';
    text += shape[i] < 0 ? "?" : std::to_string(shape[i]);
  }
  return text + "]";
}

}  // namespace trainyard::tf
