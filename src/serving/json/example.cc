#include "serving/json/example.h"

#include <cstring>

#include "base/wire.h"
#include "serving/json/tensor_builder.h"

namespace trainyard::serving {
namespace {

// Which of a Feature's lists holds its values; the numbers are those of the fields.
enum class ListKind { kNone = 0, kBytes = 1, kFloat = 2, kInt64 = 3 };

std::string_view ListName(ListKind kind) {
  switch (kind) {
    case ListKind::kBytes:
      return "bytes";
    case ListKind::kFloat:
      return "float";
    case ListKind::kInt64:
      return "int64";
    case ListKind::kNone:
      break;
  }
  return "UNKNOWN";
}

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) *out += static_cast<char>(value | 0x80);
  *out += static_cast<char>(value);
}

// One feature while its values are read.
class FeatureReader {
 public:
  FeatureReader(std::string name, JsonReader* reader) : name_(std::move(name)), reader_(*reader) {}

  Status Read() {
    if (!reader_.EnterArray()) return ReadValue();
    while (reader_.NextElement()) RETURN_IF_ERROR(ReadValue());
    return reader_.error();
  }

  // As an entry of the map of features.
  void AppendTo(WireWriter* features) const {
    WireWriter list;
    if (kind_ == ListKind::kBytes) {
      for (const std::string& value : strings_) list.Bytes(1, value);
    } else if (kind_ != ListKind::kNone) {
      list.Bytes(1, packed_);
    }
    WireWriter feature;
    if (kind_ != ListKind::kNone) feature.Message(static_cast<int>(kind_), list);
    features->MapEntry(1, name_, feature);
  }

 private:
  Status ReadValue() {
    const JsonKind kind = reader_.Peek();
    switch (kind) {
      case JsonKind::kFalse:
      case JsonKind::kTrue:
        RETURN_IF_ERROR(Expect(ListKind::kInt64));
        AppendVarint(kind == JsonKind::kTrue ? 1 : 0, &packed_);
        reader_.ReadLiteral(kind == JsonKind::kTrue ? "true" : "false");
        return reader_.error();
      case JsonKind::kNumber:
        return ReadNumber();
      case JsonKind::kString:
        return ReadString();
      case JsonKind::kObject:
        if (!IsBase64Object(&reader_)) break;
        RETURN_IF_ERROR(Expect(ListKind::kBytes));
        return ReadBase64Object(&reader_, &strings_.emplace_back());
      case JsonKind::kNull:
      case JsonKind::kArray:
        break;
      case JsonKind::kInvalid:
        reader_.Skip();
        return reader_.error();
    }
    return InvalidArgumentError("Feature: {} has element with unexpected JSON type: {}", name_,
                                JsonKindName(kind));
  }

  Status ReadNumber() {
    JsonNumber number;
    if (!reader_.ReadNumber(&number)) return reader_.error();
    if (number.FitsInt64()) {
      RETURN_IF_ERROR(Expect(ListKind::kInt64));
      AppendVarint(static_cast<uint64_t>(number.AsInt64()), &packed_);
      return OkStatus();
    }
    if (number.FitsUint64()) {
      RETURN_IF_ERROR(Expect(ListKind::kInt64));
      return InvalidArgumentError("Feature: {} has uint64_t element. Only int64_t is supported.",
                                  name_);
    }
    RETURN_IF_ERROR(Expect(ListKind::kFloat));
    const auto value = static_cast<float>(ToDouble(number));
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    packed_.append(bytes, sizeof bytes);
    return OkStatus();
  }

  Status ReadString() {
    RETURN_IF_ERROR(Expect(ListKind::kBytes));
    std::string_view text;
    if (!reader_.ReadString(&text)) return reader_.error();
    strings_.emplace_back(text);
    return OkStatus();
  }

  Status Expect(ListKind kind) {
    if (kind_ == ListKind::kNone) kind_ = kind;
    if (kind_ == kind) return OkStatus();
    return InvalidArgumentError("Unexpected element type in feature: {} expecting type: {}", name_,
                                ListName(kind_));
  }

  const std::string name_;
  JsonReader& reader_;
  ListKind kind_ = ListKind::kNone;
  std::string packed_;  // numbers, as the list's only field has them
  std::vector<std::string> strings_;
};

}  // namespace

Status ReadExample(JsonReader* reader, std::string* serialized) {
  const JsonKind kind = reader->Peek();
  if (!reader->EnterObject()) {
    if (!reader->Skip()) return reader->error();
    return InvalidArgumentError("Example must be JSON object but got JSON {}", JsonKindName(kind));
  }
  WireWriter features;
  for (std::string_view name; reader->NextMember(&name);) {
    FeatureReader feature(std::string(name), reader);
    RETURN_IF_ERROR(feature.Read());
    feature.AppendTo(&features);
  }
  if (!reader->ok()) return reader->error();
  WireWriter example;
  example.Message(1, features);
  *serialized += example.str();
  return OkStatus();
}

}  // namespace trainyard::serving
