#include "base/wire.h"

#include <bit>
#include <cstring>

namespace trainyard {
namespace {

constexpr int kVarint = 0;
constexpr int kFixed64 = 1;
constexpr int kLengthDelimited = 2;
constexpr int kFixed32 = 5;

template <class T>
void AppendLittleEndian(std::string* out, T value) {
  static_assert(std::endian::native == std::endian::little, "the wire is little-endian");
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  out->append(raw, sizeof(T));
}

}  // namespace

WireWriter& WireWriter::Varint(int field, uint64_t value) {
  Tag(field, kVarint);
  RawVarint(value);
  return *this;
}

WireWriter& WireWriter::Float(int field, float value) {
  Tag(field, kFixed32);
  AppendLittleEndian(&bytes_, value);
  return *this;
}

WireWriter& WireWriter::Double(int field, double value) {
  Tag(field, kFixed64);
  AppendLittleEndian(&bytes_, value);
  return *this;
}

WireWriter& WireWriter::Fixed32(int field, uint32_t value) {
  Tag(field, kFixed32);
  AppendLittleEndian(&bytes_, value);
  return *this;
}

WireWriter& WireWriter::Bytes(int field, std::string_view value) {
  Tag(field, kLengthDelimited);
  RawVarint(value.size());
  bytes_.append(value);
  return *this;
}

WireWriter& WireWriter::MapEntry(int field, std::string_view key, const WireWriter& value) {
  WireWriter entry;
  entry.Bytes(1, key).Message(2, value);
  return Message(field, entry);
}

void WireWriter::Tag(int field, int wire_type) {
  RawVarint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(wire_type));
}

void WireWriter::RawVarint(uint64_t value) {
  while (value > 0x7f) {
    bytes_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  bytes_.push_back(static_cast<char>(value));
}

bool WireReader::Next() {
  if (!ok_ || rest_.empty()) return false;
  number_ = 0;
  bytes_ = {};
  uint64_t tag = 0;
  ok_ = ReadVarint(&tag) && (tag >> 3) != 0 && (tag >> 3) < (1u << 29);
  if (!ok_) return false;
  field_ = static_cast<int>(tag >> 3);
  wire_type_ = static_cast<int>(tag & 7);
  switch (wire_type_) {
    case kVarint:
      ok_ = ReadVarint(&number_);
      break;
    case kFixed64:
      ok_ = ReadFixed(8);
      break;
    case kFixed32:
      ok_ = ReadFixed(4);
      break;
    case kLengthDelimited: {
      uint64_t length = 0;
      ok_ = ReadVarint(&length) && length <= rest_.size();
      if (ok_) {
        bytes_ = rest_.substr(0, static_cast<size_t>(length));
        rest_.remove_prefix(static_cast<size_t>(length));
      }
      break;
    }
    default:  // groups are obsolete, and no message we read has them
      ok_ = false;
  }
  return ok_;
}

float WireReader::AsFloat() const { return std::bit_cast<float>(static_cast<uint32_t>(number_)); }

double WireReader::AsDouble() const { return std::bit_cast<double>(number_); }

bool WireReader::ReadVarint(uint64_t* value) {
  uint64_t result = 0;
  for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    result |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      *value = result;
      return true;
    }
  }
  return false;
}

bool WireReader::ReadFixed(int width) {
  const auto count = static_cast<size_t>(width);
  if (rest_.size() < count) return false;
  std::memcpy(&number_, rest_.data(), count);
  rest_.remove_prefix(count);
  return true;
}

}  // namespace trainyard
