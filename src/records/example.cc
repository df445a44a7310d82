#include "records/example.h"

#include <cstring>

#include "base/wire.h"

namespace trainyard::records {
namespace {

// Field numbers.
constexpr int kFeatures = 1;  // of Example
constexpr int kFeature = 1;   // of Features: a map
constexpr int kKey = 1, kValue = 2;
constexpr int kBytesList = 1, kFloatList = 2, kInt64List = 3;  // of Feature
constexpr int kListValue = 1;

constexpr int kVarint = 0, kLengthDelimited = 2, kFixed32 = 5;

void AppendVarint(std::string* out, uint64_t value) {
  for (; value > 0x7f; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

WireWriter FormatFeature(const FeatureValues& values) {
  WireWriter feature;
  WireWriter list;
  if (const auto* strings = std::get_if<std::vector<std::string>>(&values)) {
    for (const std::string& value : *strings) list.Bytes(kListValue, value);
    feature.Message(kBytesList, list);
  } else if (const auto* floats = std::get_if<std::vector<float>>(&values)) {
    std::string packed(floats->size() * sizeof(float), '\0');
    if (!packed.empty()) std::memcpy(packed.data(), floats->data(), packed.size());
    if (!packed.empty()) list.Bytes(kListValue, packed);
    feature.Message(kFloatList, list);
  } else if (const auto* integers = std::get_if<std::vector<int64_t>>(&values)) {
    std::string packed;
    for (const int64_t value : *integers) AppendVarint(&packed, static_cast<uint64_t>(value));
    if (!packed.empty()) list.Bytes(kListValue, packed);
    feature.Message(kInt64List, list);
  }
  return feature;
}

bool ParseStrings(std::string_view bytes, std::vector<std::string>* values) {
  WireReader list(bytes);
  while (list.Next()) {
    if (list.field() != kListValue) continue;
    if (list.wire_type() != kLengthDelimited) return false;
    values->emplace_back(list.bytes());
  }
  return list.ok();
}

bool ParseFloats(std::string_view bytes, std::vector<float>* values) {
  WireReader list(bytes);
  while (list.Next()) {
    if (list.field() != kListValue) continue;
    if (list.wire_type() == kFixed32) {
      values->push_back(list.AsFloat());
      continue;
    }
    const std::string_view packed = list.bytes();
    if (list.wire_type() != kLengthDelimited || packed.size() % sizeof(float) != 0) return false;
    if (packed.empty()) continue;
    const size_t before = values->size();
    values->resize(before + packed.size() / sizeof(float));
    std::memcpy(values->data() + before, packed.data(), packed.size());
  }
  return list.ok();
}

bool AppendPacked(std::string_view packed, std::vector<int64_t>* values) {
  uint64_t value = 0;
  int shift = 0;
  for (const char c : packed) {
    if (shift > 63) return false;
    value |= static_cast<uint64_t>(c & 0x7f) << shift;
    shift += 7;
    if ((c & 0x80) != 0) continue;
    values->push_back(static_cast<int64_t>(value));
    value = 0;
    shift = 0;
  }
  return shift == 0;
}

bool ParseIntegers(std::string_view bytes, std::vector<int64_t>* values) {
  WireReader list(bytes);
  while (list.Next()) {
    if (list.field() != kListValue) continue;
    if (list.wire_type() == kVarint) {
      values->push_back(static_cast<int64_t>(list.varint()));
    } else if (list.wire_type() != kLengthDelimited || !AppendPacked(list.bytes(), values)) {
      return false;
    }
  }
  return list.ok();
}

bool ParseFeature(std::string_view bytes, FeatureValues* values) {
  WireReader feature(bytes);
  while (feature.Next()) {
    const bool is_message = feature.wire_type() == kLengthDelimited;
    bool well_formed = true;
    switch (feature.field()) {
      case kBytesList:
        well_formed = is_message &&
                      ParseStrings(feature.bytes(), &values->emplace<std::vector<std::string>>());
        break;
      case kFloatList:
        well_formed =
            is_message && ParseFloats(feature.bytes(), &values->emplace<std::vector<float>>());
        break;
      case kInt64List:
        well_formed =
            is_message && ParseIntegers(feature.bytes(), &values->emplace<std::vector<int64_t>>());
        break;
      default:
        break;
    }
    if (!well_formed) return false;
  }
  return feature.ok();
}

Status ParseEntry(std::string_view bytes, Example* example) {
  std::string_view key;
  std::string_view value;
  WireReader entry(bytes);
  while (entry.Next()) {
    if (entry.field() == kKey) key = entry.bytes();
    if (entry.field() == kValue) value = entry.bytes();
  }
  if (!entry.ok()) return DataLossError("not an Example message: a feature is damaged");
  FeatureValues values;
  if (!ParseFeature(value, &values)) {
    return DataLossError("not an Example message: feature \"{}\" is damaged", key.substr(0, 100));
  }
  example->insert_or_assign(std::string(key), std::move(values));
  return OkStatus();
}

}  // namespace

std::string FormatExample(const Example& example) {
  WireWriter features;
  for (const auto& [name, values] : example) {
    features.MapEntry(kFeature, name, FormatFeature(values));
  }
  return WireWriter().Message(kFeatures, features).str();
}

Result<Example> ParseExample(std::string_view bytes) {
  Example example;
  WireReader message(bytes);
  while (message.Next()) {
    if (message.field() != kFeatures) continue;
    WireReader features(message.bytes());
    while (features.Next()) {
      if (features.field() == kFeature) RETURN_IF_ERROR(ParseEntry(features.bytes(), &example));
    }
    if (!features.ok()) return DataLossError("not an Example message: its features are damaged");
  }
  if (!message.ok()) return DataLossError("not an Example message");
  return example;
}

}  // namespace trainyard::records
