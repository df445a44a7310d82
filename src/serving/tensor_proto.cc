#include "serving/tensor_proto.h"

#include <algorithm>
#include <complex>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace trainyard::serving {
namespace {

using ::tensorflow::TensorProto;
using tf::DataType;

constexpr int kMaxRank = 254;  // TensorFlow's own limit

Result<tf::Shape> DecodeShape(const ::tensorflow::TensorShapeProto& proto) {
  if (proto.unknown_rank()) return InvalidArgumentError("the shape's rank is unknown");
  if (proto.dim_size() > kMaxRank) {
    return InvalidArgumentError("the shape has {} dimensions, at most {} are possible",
                                proto.dim_size(), kMaxRank);
  }
  tf::Shape shape;
  shape.reserve(static_cast<size_t>(proto.dim_size()));
  int64_t count = 1;
  for (const auto& dim : proto.dim()) {
    if (dim.size() < 0) return InvalidArgumentError("a dimension has size {}", dim.size());
    // Over all dimensions, a zero included: [0, 2^62, 2^62] overflows inside kernels too.
    if (__builtin_mul_overflow(count, std::max<int64_t>(dim.size(), 1), &count)) {
      return InvalidArgumentError("the shape has more elements than 64 bits can count");
    }
    shape.push_back(dim.size());
  }
  return shape;
}

// Memory for the shape, of which the message carries `carried` bytes of values.
Result<tf::Tensor> AllocateFor(DataType type, const tf::Shape& shape, int64_t carried) {
  int64_t bytes = 0;
  if (__builtin_mul_overflow(tf::NumElements(shape), static_cast<int64_t>(tf::DataTypeSize(type)),
                             &bytes) ||
      bytes - std::min(bytes, carried) > kMaxFilledBytes) {
    return InvalidArgumentError("the shape {} asks for more memory than the {} bytes sent justify",
                                tf::ShapeToString(shape), carried);
  }
  return tf::Tensor::Allocate(type, shape);
}

// Fills `out` from a typed field by the rule above. Values are narrowed as TensorFlow narrows them.
template <class T, class Field>
void FillFrom(const Field& field, T* out, int64_t count) {
  const int64_t given = std::min<int64_t>(field.size(), count);
  std::transform(field.begin(), field.begin() + static_cast<int>(given), out,
                 [](auto value) { return static_cast<T>(value); });
  const T last = field.empty() ? T{} : static_cast<T>(field.Get(field.size() - 1));
  std::fill(out + given, out + count, last);
}

template <class T, class Field>
Result<tf::Tensor> FromField(DataType type, const tf::Shape& shape, const Field& field) {
  ASSIGN_OR_RETURN(tf::Tensor tensor,
                   AllocateFor(type, shape, int64_t{field.size()} * int64_t{sizeof(T)}));
  FillFrom<T>(field, static_cast<T*>(tensor.raw()), tensor.num_elements());
  return tensor;
}

// Complex values travel as pairs of numbers; an odd one at the end is ignored.
template <class T, class Field>
Result<tf::Tensor> FromPairs(DataType type, const tf::Shape& shape, const Field& field) {
  ASSIGN_OR_RETURN(tf::Tensor tensor,
                   AllocateFor(type, shape, int64_t{field.size()} * int64_t{sizeof(T)}));
  auto* out = static_cast<std::complex<T>*>(tensor.raw());
  const int64_t count = tensor.num_elements();
  const int64_t given = std::min<int64_t>(field.size() / 2, count);
  std::complex<T> value{};
  for (int64_t i = 0; i < count; ++i) {
    const int at = static_cast<int>(2 * i);
    if (i < given) value = {field.Get(at), field.Get(at + 1)};
    out[i] = value;
  }
  return tensor;
}

Result<tf::Tensor> FromContent(DataType type, const tf::Shape& shape, const std::string& content) {
  int64_t bytes = 0;
  if (__builtin_mul_overflow(tf::NumElements(shape), static_cast<int64_t>(tf::DataTypeSize(type)),
                             &bytes) ||
      bytes != static_cast<int64_t>(content.size())) {
    return InvalidArgumentError("tensor_content has {} bytes, but a {} tensor of shape {} has {}",
                                content.size(), tf::DataTypeName(type), tf::ShapeToString(shape),
                                bytes);
  }
  tf::Tensor tensor = tf::Tensor::Allocate(type, shape);
  std::memcpy(tensor.raw(), content.data(), content.size());
  return tensor;
}

// Reads one base-128 number; false at the end of `*bytes` or beyond 64 bits.
bool ReadVarint(std::string_view* bytes, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64 && !bytes->empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    *value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// TensorFlow's raw form of strings: all lengths as varints, then all bytes.
Result<std::vector<std::string_view>> SplitStringContent(std::string_view content, int64_t count) {
  const Status bad = InvalidArgumentError("tensor_content does not hold {} strings", count);
  if (count > static_cast<int64_t>(content.size())) return bad;  // a length is a byte at least
  std::vector<uint64_t> lengths(static_cast<size_t>(count));
  for (uint64_t& length : lengths) {
    if (!ReadVarint(&content, &length)) return bad;
  }
  std::vector<std::string_view> strings;
  strings.reserve(lengths.size());
  for (const uint64_t length : lengths) {
    if (length > content.size()) return bad;
    strings.push_back(content.substr(0, length));
    content.remove_prefix(length);
  }
  if (!content.empty()) return bad;
  return strings;
}

Result<tf::Tensor> DecodeStrings(const TensorProto& proto, const tf::Shape& shape) {
  const int64_t count = tf::NumElements(shape);
  if (!proto.tensor_content().empty()) {
    ASSIGN_OR_RETURN(const std::vector<std::string_view> strings,
                     SplitStringContent(proto.tensor_content(), count));
    return tf::Tensor::FromStringViews(shape, strings);
  }
  const auto& field = proto.string_val();
  const int given = static_cast<int>(std::min<int64_t>(field.size(), count));
  const std::string_view last = field.empty() ? std::string_view() : field.Get(field.size() - 1);
  // A repeated string costs its bytes and its two places, in our vector and in the tensor.
  const auto each = static_cast<int64_t>(last.size() + 64);
  if (count - given > kMaxFilledBytes / each) {
    return InvalidArgumentError("the shape {} asks for many more strings than the {} sent",
                                tf::ShapeToString(shape), field.size());
  }
  std::vector<std::string_view> strings(field.begin(), field.begin() + given);
  strings.resize(static_cast<size_t>(count), last);
  return tf::Tensor::FromStringViews(shape, strings);
}

Result<tf::Tensor> DecodeTypedField(const TensorProto& proto, DataType type,
                                    const tf::Shape& shape) {
  switch (type) {
    case DataType::kFloat:
      return FromField<float>(type, shape, proto.float_val());
    case DataType::kDouble:
      return FromField<double>(type, shape, proto.double_val());
    case DataType::kInt32:
      return FromField<int32_t>(type, shape, proto.int_val());
    case DataType::kUint8:
      return FromField<uint8_t>(type, shape, proto.int_val());
    case DataType::kInt16:
      return FromField<int16_t>(type, shape, proto.int_val());
    case DataType::kInt8:
      return FromField<int8_t>(type, shape, proto.int_val());
    case DataType::kUint16:
      return FromField<uint16_t>(type, shape, proto.int_val());
    case DataType::kHalf:
    case DataType::kBfloat16:
      return FromField<uint16_t>(type, shape, proto.half_val());
    case DataType::kInt64:
      return FromField<int64_t>(type, shape, proto.int64_val());
    case DataType::kUint32:
      return FromField<uint32_t>(type, shape, proto.uint32_val());
    case DataType::kUint64:
      return FromField<uint64_t>(type, shape, proto.uint64_val());
    case DataType::kBool:
      return FromField<bool>(type, shape, proto.bool_val());
    case DataType::kComplex64:
      return FromPairs<float>(type, shape, proto.scomplex_val());
    case DataType::kComplex128:
      return FromPairs<double>(type, shape, proto.dcomplex_val());
    case DataType::kString:
      return DecodeStrings(proto, shape);
    case DataType::kInvalid:
    case DataType::kResource:
    case DataType::kVariant:
      break;
  }
  return InvalidArgumentError("tensors of {} cannot be sent", tf::DataTypeName(type));
}

template <class T, class Field>
void AppendTo(const tf::Tensor& tensor, Field* field) {
  const auto* values = static_cast<const T*>(tensor.raw());
  field->Reserve(static_cast<int>(tensor.num_elements()));
  field->Add(values, values + tensor.num_elements());
}

void EncodeStrings(const tf::Tensor& tensor, TensorProto* proto) {
  for (std::string& value : tensor.strings()) *proto->add_string_val() = std::move(value);
}

Status EncodeTypedField(const tf::Tensor& tensor, TensorProto* proto) {
  switch (tensor.dtype()) {
    case DataType::kFloat:
      AppendTo<float>(tensor, proto->mutable_float_val());
      return OkStatus();
    case DataType::kDouble:
      AppendTo<double>(tensor, proto->mutable_double_val());
      return OkStatus();
    case DataType::kInt32:
      AppendTo<int32_t>(tensor, proto->mutable_int_val());
      return OkStatus();
    case DataType::kUint8:
      AppendTo<uint8_t>(tensor, proto->mutable_int_val());
      return OkStatus();
    case DataType::kInt16:
      AppendTo<int16_t>(tensor, proto->mutable_int_val());
      return OkStatus();
    case DataType::kInt8:
      AppendTo<int8_t>(tensor, proto->mutable_int_val());
      return OkStatus();
    case DataType::kUint16:
      AppendTo<uint16_t>(tensor, proto->mutable_int_val());
      return OkStatus();
    case DataType::kHalf:
    case DataType::kBfloat16:
      AppendTo<uint16_t>(tensor, proto->mutable_half_val());
      return OkStatus();
    case DataType::kInt64:
      AppendTo<int64_t>(tensor, proto->mutable_int64_val());
      return OkStatus();
    case DataType::kUint32:
      AppendTo<uint32_t>(tensor, proto->mutable_uint32_val());
      return OkStatus();
    case DataType::kUint64:
      AppendTo<uint64_t>(tensor, proto->mutable_uint64_val());
      return OkStatus();
    case DataType::kBool:
      AppendTo<bool>(tensor, proto->mutable_bool_val());
      return OkStatus();
    case DataType::kComplex64: {
      const auto* parts = static_cast<const float*>(tensor.raw());
      proto->mutable_scomplex_val()->Add(parts, parts + 2 * tensor.num_elements());
      return OkStatus();
    }
    case DataType::kComplex128: {
      const auto* parts = static_cast<const double*>(tensor.raw());
      proto->mutable_dcomplex_val()->Add(parts, parts + 2 * tensor.num_elements());
      return OkStatus();
    }
    case DataType::kString:
      EncodeStrings(tensor, proto);
      return OkStatus();
    case DataType::kInvalid:
    case DataType::kResource:
    case DataType::kVariant:
      break;
  }
  // Types without a field of their own, such as float8: as they came.
  if (tf::DataTypeSize(tensor.dtype()) > 0) {
    proto->set_tensor_content(tensor.raw(), tensor.num_bytes());
    return OkStatus();
  }
  return UnimplementedError("tensors of {} cannot be returned", tf::DataTypeName(tensor.dtype()));
}

}  // namespace

Result<tf::Tensor> DecodeTensor(const TensorProto& proto) {
  const auto type = static_cast<DataType>(proto.dtype());
  ASSIGN_OR_RETURN(const tf::Shape shape, DecodeShape(proto.tensor_shape()));
  if (!proto.tensor_content().empty() && tf::DataTypeSize(type) > 0) {
    return FromContent(type, shape, proto.tensor_content());
  }
  return DecodeTypedField(proto, type, shape);
}

Status EncodeTensor(const tf::Tensor& tensor, TensorEncoding encoding, TensorProto* proto) {
  proto->Clear();
  proto->set_dtype(static_cast<::tensorflow::DataType>(tensor.dtype()));
  for (const int64_t size : tensor.shape()) {
    proto->mutable_tensor_shape()->add_dim()->set_size(size);
  }
  proto->mutable_tensor_shape();  // present for a scalar as well
  if (encoding == TensorEncoding::kContent && tf::DataTypeSize(tensor.dtype()) > 0) {
    proto->set_tensor_content(tensor.raw(), tensor.num_bytes());
    return OkStatus();
  }
  return EncodeTypedField(tensor, proto);
}

}  // namespace trainyard::serving
