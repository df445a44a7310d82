// Protocol Buffers' wire format, written and read by hand.
//
// TensorFlow's shared libraries export their own copy of libprotobuf, and a second one in the same
// process clashes with it; training programs therefore speak the format without the library.
// Source: the encoding specification at protobuf.dev/programming-guides/encoding.
//
//   WireWriter point;
//   point.Bytes(1, "loss").Float(2, 0.25f);
//   WireWriter summary;
//   summary.Message(1, point);
//
// WireWriter and WireReader are thread-compatible.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace trainyard {

class WireWriter {
 public:
  WireWriter& Varint(int field, uint64_t value);  // int32, int64, uint64, bool and enum fields
  WireWriter& Float(int field, float value);
  WireWriter& Double(int field, double value);
  WireWriter& Fixed32(int field, uint32_t value);
  WireWriter& Bytes(int field, std::string_view value);  // string and bytes fields
  WireWriter& Message(int field, const WireWriter& value) { return Bytes(field, value.str()); }
  // One entry of a map<string, message> field.
  WireWriter& MapEntry(int field, std::string_view key, const WireWriter& value);

  const std::string& str() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }

 private:
  void Tag(int field, int wire_type);
  void RawVarint(uint64_t value);

  std::string bytes_;
};

// Walks the fields of one encoded message, in the order they stand. Input is untrusted: a malformed
// message ends the walk with ok() false, and never reads outside the view. The view is borrowed.
//
//   WireReader reader(bytes);
//   while (reader.Next()) {
//     if (reader.field() == 1) name = reader.bytes();
//   }
//   if (!reader.ok()) return DataLossError(...);
class WireReader {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}

  // Moves to the next field; false at the end and on malformed input.
  bool Next();
  bool ok() const { return ok_; }

  int field() const { return field_; }
  int wire_type() const { return wire_type_; }
  uint64_t varint() const { return number_; }        // wire type 0; else 0
  std::string_view bytes() const { return bytes_; }  // wire type 2; else empty
  float AsFloat() const;                             // wire type 5
  double AsDouble() const;                           // wire type 1
  uint32_t fixed32() const { return static_cast<uint32_t>(number_); }

 private:
  bool ReadVarint(uint64_t* value);
  bool ReadFixed(int width);

  std::string_view rest_;
  std::string_view bytes_;
  uint64_t number_ = 0;
  int field_ = 0;
  int wire_type_ = 0;
  bool ok_ = true;
};

}  // namespace trainyard
