#include "records/hparams.h"

#include "base/wire.h"

namespace trainyard::records {
namespace {

// Field numbers, message by message.
constexpr int kSummaryValue = 1;
constexpr int kTag = 1, kTensor = 8, kMetadata = 9;   // of Summary.Value
constexpr int kPluginData = 1;                        // of SummaryMetadata
constexpr int kPluginName = 1, kPluginContent = 2;    // of its PluginData
constexpr int kSessionStartInfo = 3;                  // of HParamsPluginData
constexpr int kHparams = 1, kStartTime = 5;           // of SessionStartInfo
constexpr int kNumber = 2, kString = 3, kBool = 4;    // of google.protobuf.Value
constexpr int kTensorType = 1, kShape = 2, kDim = 2;  // of TensorProto, TensorShapeProto
constexpr uint64_t kTypeFloat = 1;

WireWriter EncodeValue(const std::variant<double, bool, std::string>& value) {
  WireWriter encoded;
  if (const auto* number = std::get_if<double>(&value)) {
    encoded.Double(kNumber, *number);
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    encoded.Varint(kBool, *flag ? 1 : 0);
  } else {
    encoded.Bytes(kString, std::get<std::string>(value));
  }
  return encoded;
}

// What a summary without numbers holds: a float tensor of shape [0].
WireWriter NullTensor() {
  WireWriter shape;
  shape.Bytes(kDim, "");
  WireWriter tensor;
  tensor.Varint(kTensorType, kTypeFloat).Message(kShape, shape);
  return tensor;
}

}  // namespace

std::string FormatHparams(
    const std::map<std::string, std::variant<double, bool, std::string>>& values,
    double start_time) {
  WireWriter start;
  for (const auto& [name, value] : values) start.MapEntry(kHparams, name, EncodeValue(value));
  start.Double(kStartTime, start_time);
  WireWriter content;
  content.Message(kSessionStartInfo, start);
  WireWriter plugin;
  plugin.Bytes(kPluginName, "hparams").Message(kPluginContent, content);
  WireWriter metadata;
  metadata.Message(kPluginData, plugin);
  WireWriter value;
  value.Bytes(kTag, "_hparams_/session_start_info").Message(kTensor, NullTensor());
  value.Message(kMetadata, metadata);
  WireWriter summary;
  summary.Message(kSummaryValue, value);
  return summary.str();
}

}  // namespace trainyard::records
