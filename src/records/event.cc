#include "records/event.h"

#include <cstring>
#include <optional>

#include "base/wire.h"

namespace trainyard::records {
namespace {

// Field numbers, message by message.
namespace event_field {
constexpr int kWallTime = 1, kStep = 2, kFileVersion = 3, kGraphDef = 4, kSummary = 5,
              kSessionLog = 7, kSource = 10;
}
namespace session_field {
constexpr int kStatus = 1, kCheckpointPath = 2;
}
namespace value_field {
constexpr int kTag = 1, kSimple = 2, kHistogram = 5, kNodeName = 7, kTensor = 8;
}
namespace tensor_field {
constexpr int kType = 1, kShape = 2, kContent = 4, kFloat = 5, kDouble = 6, kString = 8;
}
constexpr int kSummaryValue = 1;
constexpr int kSourceWriter = 1;
constexpr int kShapeDimension = 2;
constexpr uint64_t kTypeFloat = 1, kTypeDouble = 2, kTypeString = 7;

WireWriter StartEvent(double wall_time, int64_t step) {
  WireWriter event;
  event.Double(event_field::kWallTime, wall_time);
  if (step != 0) event.Varint(event_field::kStep, static_cast<uint64_t>(step));
  return event;
}

std::string FormatValueEvent(double wall_time, int64_t step, const WireWriter& value) {
  WireWriter summary;
  summary.Message(kSummaryValue, value);
  return FormatSummaryEvent(wall_time, step, summary.str());
}

// A tensor of rank 0: its number, or its text, or neither when it is of another kind.
struct Tensor {
  std::optional<float> number;
  std::optional<std::string> text;
};

template <class T>
std::optional<float> FirstNumber(std::string_view raw) {
  if (raw.size() != sizeof(T)) return std::nullopt;
  T number;
  std::memcpy(&number, raw.data(), sizeof(T));
  return static_cast<float>(number);
}

bool HasDimensions(std::string_view shape) {
  WireReader reader(shape);
  while (reader.Next()) {
    if (reader.field() == kShapeDimension) return true;
  }
  return false;
}

// Numbers stand in the typed field, packed or not, or as raw bytes in the content field.
bool ParseTensor(std::string_view bytes, Tensor* tensor) {
  uint64_t type = 0;
  bool is_scalar = true;
  std::string_view raw;
  WireReader reader(bytes);
  while (reader.Next()) {
    switch (reader.field()) {
      case tensor_field::kType:
        type = reader.varint();
        break;
      case tensor_field::kShape:
        is_scalar = !HasDimensions(reader.bytes());
        break;
      case tensor_field::kContent:
        raw = reader.bytes();
        break;
      case tensor_field::kFloat:
        raw = reader.bytes();
        if (raw.empty()) tensor->number = reader.AsFloat();
        break;
      case tensor_field::kDouble:
        raw = reader.bytes();
        if (raw.empty()) tensor->number = static_cast<float>(reader.AsDouble());
        break;
      case tensor_field::kString:
        tensor->text = std::string(reader.bytes());
        break;
      default:
        break;
    }
  }
  if (type == kTypeFloat && !tensor->number) tensor->number = FirstNumber<float>(raw);
  if (type == kTypeDouble && !tensor->number) tensor->number = FirstNumber<double>(raw);
  if (!is_scalar) *tensor = {};
  return reader.ok();
}

bool ParseValue(std::string_view bytes, Event* event) {
  std::string tag;
  std::string node_name;
  Tensor tensor;
  std::optional<std::string> histogram;
  bool well_formed = true;
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.field() == value_field::kTag) tag = reader.bytes();
    if (reader.field() == value_field::kNodeName) node_name = reader.bytes();
    if (reader.field() == value_field::kSimple) tensor.number = reader.AsFloat();
    if (reader.field() == value_field::kHistogram) histogram = std::string(reader.bytes());
    if (reader.field() == value_field::kTensor) well_formed = ParseTensor(reader.bytes(), &tensor);
  }
  if (tag.empty()) tag = node_name;  // files older than tags
  if (tensor.number) {
    event->scalars.emplace_back(tag, *tensor.number);
  } else if (tensor.text) {
    event->texts.emplace_back(tag, *tensor.text);
  } else if (histogram) {
    event->histograms.emplace_back(tag, *histogram);
  } else {
    ++event->other_values;
  }
  return well_formed && reader.ok();
}

bool ParseSummary(std::string_view bytes, Event* event) {
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.field() == kSummaryValue && !ParseValue(reader.bytes(), event)) return false;
  }
  return reader.ok();
}

bool ParseSessionLog(std::string_view bytes, Event* event) {
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.field() == session_field::kStatus && reader.varint() <= 3) {
      event->session_state = static_cast<SessionState>(reader.varint());
    }
    if (reader.field() == session_field::kCheckpointPath) event->checkpoint_path = reader.bytes();
  }
  return reader.ok();
}

bool ParseSource(std::string_view bytes, Event* event) {
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.field() == kSourceWriter) event->writer = reader.bytes();
  }
  return reader.ok();
}

// One field of the event itself; false if what it holds is malformed.
bool ParseField(const WireReader& field, Event* event) {
  switch (field.field()) {
    case event_field::kWallTime:
      event->wall_time = field.AsDouble();
      return true;
    case event_field::kStep:
      event->step = static_cast<int64_t>(field.varint());
      return true;
    case event_field::kFileVersion:
      event->file_version = field.bytes();
      return true;
    case event_field::kGraphDef:
      event->graph_def = field.bytes();
      return true;
    case event_field::kSummary:
      return ParseSummary(field.bytes(), event);
    case event_field::kSessionLog:
      return ParseSessionLog(field.bytes(), event);
    case event_field::kSource:
      return ParseSource(field.bytes(), event);
    default:
      return true;
  }
}

}  // namespace

std::string FormatVersionEvent(double wall_time, std::string_view writer) {
  WireWriter source;
  source.Bytes(kSourceWriter, writer);
  return StartEvent(wall_time, 0)
      .Bytes(event_field::kFileVersion, "brain.Event:2")
      .Message(event_field::kSource, source)
      .str();
}

std::string FormatScalarsEvent(double wall_time, int64_t step, std::span<const Scalar> scalars) {
  WireWriter summary;
  for (const auto& [tag, number] : scalars) {
    WireWriter value;
    value.Bytes(value_field::kTag, tag).Float(value_field::kSimple, number);
    summary.Message(kSummaryValue, value);
  }
  return FormatSummaryEvent(wall_time, step, summary.str());
}

std::string FormatSummaryEvent(double wall_time, int64_t step, std::string_view summary) {
  return StartEvent(wall_time, step).Bytes(event_field::kSummary, summary).str();
}

std::string FormatHistogramEvent(double wall_time, int64_t step, std::string_view tag,
                                 std::string_view histogram) {
  WireWriter value;
  value.Bytes(value_field::kTag, tag).Bytes(value_field::kHistogram, histogram);
  return FormatValueEvent(wall_time, step, value);
}

std::string FormatTextEvent(double wall_time, int64_t step, std::string_view tag,
                            std::string_view text) {
  WireWriter tensor;
  tensor.Varint(tensor_field::kType, kTypeString).Bytes(tensor_field::kShape, "");
  tensor.Bytes(tensor_field::kString, text);
  WireWriter value;
  value.Bytes(value_field::kTag, tag).Message(value_field::kTensor, tensor);
  return FormatValueEvent(wall_time, step, value);
}

std::string FormatGraphEvent(double wall_time, std::string_view graph_def) {
  return StartEvent(wall_time, 0).Bytes(event_field::kGraphDef, graph_def).str();
}

std::string FormatSessionEvent(double wall_time, int64_t step, SessionState state,
                               std::string_view checkpoint_path) {
  WireWriter log;
  log.Varint(session_field::kStatus, static_cast<uint64_t>(state));
  if (!checkpoint_path.empty()) log.Bytes(session_field::kCheckpointPath, checkpoint_path);
  return StartEvent(wall_time, step).Message(event_field::kSessionLog, log).str();
}

Result<Event> ParseEvent(std::string_view bytes) {
  Event event;
  WireReader reader(bytes);
  while (reader.Next()) {
    if (!ParseField(reader, &event)) return DataLossError("not an Event message");
  }
  if (!reader.ok()) return DataLossError("not an Event message");
  return event;
}

}  // namespace trainyard::records
