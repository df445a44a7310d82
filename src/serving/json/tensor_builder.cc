#include "serving/json/tensor_builder.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "serving/json/element.h"
#include "serving/json/escape.h"
#include "serving/json/quote.h"

namespace trainyard::serving {
namespace {

using tf::DataType;

constexpr size_t kAlignment = 64;
constexpr size_t kMaxStrings = 8u << 20;  // each takes 56 bytes, however short its text is

bool IsComplex(DataType type) {
  return type == DataType::kComplex64 || type == DataType::kComplex128;
}

const char* SkipBlanks(const char* at) {
  while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') ++at;
  return at;
}

}  // namespace

bool IsJsonType(DataType type) { return type == DataType::kString || tf::DataTypeSize(type) > 0; }

bool IsBase64Object(JsonReader* reader) {
  if (reader->PeekChar() != '{') return false;
  JsonReader ahead = *reader;
  std::string_view text;
  const bool is_one = ahead.EnterObject() && ahead.NextMember(&text) && text == "b64" &&
                      ahead.ReadString(&text) && !ahead.NextMember(&text);
  return is_one && ahead.ok();
}

Status ReadBase64Object(JsonReader* reader, std::string* bytes) {
  const size_t from = (reader->PeekChar(), reader->offset());
  if (!IsBase64Object(reader)) {
    if (!reader->Skip()) return reader->error();
    return InvalidArgumentError("JSON Value: {} not formatted correctly for base64 data",
                                QuoteJson(reader->TextSince(from)));
  }
  std::string_view text;
  reader->EnterObject();
  reader->NextMember(&text);
  reader->ReadString(&text);
  std::optional<std::string> decoded = DecodeBase64(text);
  reader->NextMember(&text);  // there is none
  if (!decoded) return InvalidArgumentError("Unable to base64 decode");
  *bytes = *std::move(decoded);
  return OkStatus();
}

void TensorBuilder::Grow() {
  // Eight characters a number is what lists of floats have at the least.
  const size_t guess = text_bytes_ / 8 * std::max<size_t>(tf::DataTypeSize(type_), 1);
  const size_t wanted = capacity_bytes_ == 0
                            ? std::min<size_t>(guess, size_t{16} << 20) + kAlignment
                            : 2 * capacity_bytes_;
  const size_t rounded = (wanted + kAlignment - 1) / kAlignment * kAlignment;
  auto* const larger = static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded));
  CHECK(larger != nullptr);
  if (used_bytes_ > 0) std::memcpy(larger, memory_.get(), used_bytes_);
  memory_.reset(larger);
  capacity_bytes_ = rounded;
}

Status TensorBuilder::TypeError(JsonReader* reader, size_t from, JsonKind kind) const {
  return InvalidArgumentError("JSON Value: {} Type: {} is not of expected type: {}",
                              QuoteJson(reader->TextSince(from)), JsonKindName(kind),
                              tf::DataTypeName(type_));
}

// A scalar is only where the others are.
Status TensorBuilder::CheckLevel(JsonReader* reader) {
  if (nesting_.AdmitsScalar()) return OkStatus();
  const size_t from = reader->offset();
  if (!reader->Skip()) return reader->error();
  return InvalidArgumentError(
      "JSON Value: {} found at incorrect level: {} in the JSON DOM. Expected at level: {}",
      QuoteJson(reader->TextSince(from)), nesting_.level() + 1, nesting_.rank());
}

// As many numbers as follow one another here; those that need a closer look are left. Whether there
// was one.
template <class T>
bool TensorBuilder::ReadNumbers(JsonReader* reader) {
  const char* const end = reader->end();
  const char* next = SkipBlanks(reader->place());
  const char* behind = nullptr;  // the last number
  const bool is_list = nesting_.is_in_list();
  int64_t count = 0;
  while (true) {
    JsonNumber number;
    T element{};
    if (ScanNumber(next, end, &number) != NumberError::kNone || !ToElement(number, &element)) break;
    Append(element);
    ++count;
    behind = SkipBlanks(number.end);
    if (*behind != ',' || !is_list) break;
    next = SkipBlanks(behind + 1);
  }
  if (behind != nullptr) reader->set_place(behind);
  num_values_ += count;
  nesting_.Count(count);
  return count > 0;
}

template <class T>
Status TensorBuilder::ReadOne(JsonReader* reader) {
  const JsonKind kind = reader->Peek();
  const size_t from = reader->offset();
  if constexpr (std::is_same_v<T, bool>) {
    if (kind == JsonKind::kTrue || kind == JsonKind::kFalse) {
      const bool value = kind == JsonKind::kTrue;
      if (!reader->ReadLiteral(value ? "true" : "false")) return reader->error();
      Append(value);
      return OkStatus();
    }
  }
  // Numbers that are fine have been read by ReadNumbers.
  if (!reader->Skip()) return reader->error();
  return TypeError(reader, from, kind);
}

Status TensorBuilder::ReadOneString(JsonReader* reader) {
  const JsonKind kind = reader->Peek();
  if (strings_.size() == kMaxStrings) {
    return ResourceExhaustedError("a tensor of more than {} strings", kMaxStrings);
  }
  if (kind == JsonKind::kObject) return ReadBase64Object(reader, &strings_.emplace_back());
  const size_t from = reader->offset();
  if (kind != JsonKind::kString) {
    if (!reader->Skip()) return reader->error();
    return TypeError(reader, from, kind);
  }
  std::string_view text;
  if (!reader->ReadString(&text)) return reader->error();
  strings_.emplace_back(text);
  return OkStatus();
}

template <class T>
Status TensorBuilder::ReadScalars(JsonReader* reader) {
  RETURN_IF_ERROR(CheckLevel(reader));
  if constexpr (!std::is_same_v<T, std::string> && !std::is_same_v<T, bool>) {
    if (ReadNumbers<T>(reader)) return OkStatus();
  }
  if constexpr (std::is_same_v<T, std::string>) {
    RETURN_IF_ERROR(ReadOneString(reader));
  } else {
    RETURN_IF_ERROR(ReadOne<T>(reader));
  }
  ++num_values_;
  nesting_.Count(1);
  return OkStatus();
}

template <class T>
Status TensorBuilder::ReadAs(JsonReader* reader) {
  while (true) {
    if (reader->PeekChar() == '[') {
      RETURN_IF_ERROR(nesting_.Open());
      reader->set_place(reader->place() + 1);
      if (reader->PeekChar() != ']') continue;
    } else {
      RETURN_IF_ERROR(ReadScalars<T>(reader));
    }
    // Leaves the lists that end here.
    while (nesting_.is_in_list() && reader->PeekChar() == ']') {
      reader->set_place(reader->place() + 1);
      RETURN_IF_ERROR(nesting_.Close());
    }
    if (!nesting_.is_in_list()) return OkStatus();
    if (*reader->place() != ',') {
      reader->Fail("Missing a comma or ] after an array element.", reader->place());
      return reader->error();
    }
    reader->set_place(reader->place() + 1);
  }
}

Status TensorBuilder::Read(JsonReader* reader) {
  if (!reader->ok()) return reader->error();
  nesting_.Clear();
  num_values_ = 0;
  switch (type_) {
    case DataType::kFloat:
    case DataType::kComplex64:
      return ReadAs<float>(reader);
    case DataType::kDouble:
    case DataType::kComplex128:
      return ReadAs<double>(reader);
    case DataType::kInt32:
      return ReadAs<int32_t>(reader);
    case DataType::kUint8:
      return ReadAs<uint8_t>(reader);
    case DataType::kInt16:
      return ReadAs<int16_t>(reader);
    case DataType::kInt8:
      return ReadAs<int8_t>(reader);
    case DataType::kUint16:
      return ReadAs<uint16_t>(reader);
    case DataType::kInt64:
      return ReadAs<int64_t>(reader);
    case DataType::kUint32:
      return ReadAs<uint32_t>(reader);
    case DataType::kUint64:
      return ReadAs<uint64_t>(reader);
    case DataType::kHalf:
      return ReadAs<Half>(reader);
    case DataType::kBfloat16:
      return ReadAs<Bfloat16>(reader);
    case DataType::kBool:
      return ReadAs<bool>(reader);
    case DataType::kString:
      return ReadAs<std::string>(reader);
    case DataType::kInvalid:
    case DataType::kResource:
    case DataType::kVariant:
      break;
  }
  const size_t from = (reader->PeekChar(), reader->offset());
  if (!reader->Skip()) return reader->error();
  return UnimplementedError("Conversion of JSON Value: {} to type: {}",
                            QuoteJson(reader->TextSince(from)), tf::DataTypeName(type_));
}

Status TensorBuilder::CheckSameShape() {
  if (num_instances_++ == 0) {
    instance_shape_ = nesting_.sizes();
    instance_size_ = num_values_;
    return OkStatus();
  }
  if (num_values_ != instance_size_) {
    return InvalidArgumentError("Expecting tensor size: {} but got: {}", instance_size_,
                                num_values_);
  }
  if (nesting_.sizes() != instance_shape_) {
    return InvalidArgumentError("Expecting shape [{}] but got: [{}]",
                                fmt::join(instance_shape_, ","), fmt::join(nesting_.sizes(), ","));
  }
  return OkStatus();
}

Status TensorBuilder::ReadInstance(JsonReader* reader) {
  RETURN_IF_ERROR(Read(reader));
  return CheckSameShape();
}

Result<tf::Tensor> TensorBuilder::Make(tf::Shape shape) {
  if (type_ == DataType::kString) return tf::Tensor::FromStrings(shape, strings_);
  if (IsComplex(type_)) {
    if (shape.empty() || shape.back() != 2) {
      return InvalidArgumentError(
          "a complex number is a list of its real and its imaginary part, but the last dimension "
          "of {} is not 2",
          tf::ShapeToString(shape));
    }
    shape.pop_back();
  }
  if (memory_ == nullptr) Grow();  // no elements, but a place
  const std::shared_ptr<std::byte> shared(std::move(memory_));
  return tf::Tensor::Sharing(type_, shape, shared, shared.get());
}

Result<tf::Tensor> TensorBuilder::Finish() { return Make(nesting_.sizes()); }

Result<tf::Tensor> TensorBuilder::FinishBatch() {
  tf::Shape shape = {num_instances_};
  shape.insert(shape.end(), instance_shape_.begin(), instance_shape_.end());
  return Make(std::move(shape));
}

}  // namespace trainyard::serving
