// Element types and shapes, with the numbers of TensorFlow's DataType.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::tf {

// Values equal tensorflow.DataType; types not listed here pass through by number.
enum class DataType : int {
  kInvalid = 0,
  kFloat = 1,
  kDouble = 2,
  kInt32 = 3,
  kUint8 = 4,
  kInt16 = 5,
  kInt8 = 6,
  kString = 7,
  kComplex64 = 8,
  kInt64 = 9,
  kBool = 10,
  kBfloat16 = 14,
  kUint16 = 17,
  kComplex128 = 18,
  kHalf = 19,
  kResource = 20,
  kVariant = 21,
  kUint32 = 22,
  kUint64 = 23,
};

// "float", "int64", ... as TensorFlow's own messages name them; "type 99" for unlisted numbers.
std::string DataTypeName(DataType type);

// Bytes per element; 0 for strings, resources and other types without a fixed size.
size_t DataTypeSize(DataType type);

// Sizes of a tensor's dimensions; -1 stands for "unknown" where a graph describes shapes.
using Shape = std::vector<int64_t>;

// Number of elements of a fully known shape; 1 for a scalar.
int64_t NumElements(const Shape& shape);

// "[2,3]", "[?,28,28,1]", "[]".
std::string ShapeToString(const Shape& shape);

// Maps a C++ element type to its DataType: DataTypeOf<float> == DataType::kFloat.
template <class T>
inline constexpr DataType DataTypeOf = DataType::kInvalid;
template <>
inline constexpr DataType DataTypeOf<float> = DataType::kFloat;
template <>
inline constexpr DataType DataTypeOf<double> = DataType::kDouble;
template <>
inline constexpr DataType DataTypeOf<int32_t> = DataType::kInt32;
template <>
inline constexpr DataType DataTypeOf<uint8_t> = DataType::kUint8;
template <>
inline constexpr DataType DataTypeOf<int16_t> = DataType::kInt16;
template <>
inline constexpr DataType DataTypeOf<int8_t> = DataType::kInt8;
template <>
inline constexpr DataType DataTypeOf<int64_t> = DataType::kInt64;
template <>
inline constexpr DataType DataTypeOf<bool> = DataType::kBool;
template <>
inline constexpr DataType DataTypeOf<uint32_t> = DataType::kUint32;
template <>
inline constexpr DataType DataTypeOf<uint64_t> = DataType::kUint64;

}  // namespace trainyard::tf
