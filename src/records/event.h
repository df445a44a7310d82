// One moment of a run, as event files hold it: TensorFlow's Event message, to and from bytes.
//
// Writing: one function per kind of event, each giving the whole serialized message. Reading:
// ParseEvent. Thread-safe: no state.
// Source: tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace trainyard::records {

// A tag and its value at one step.
using Scalar = std::pair<std::string, float>;

// Session log states that TensorBoard knows; it drops points after a restart at kStart.
enum class SessionState { kNone = 0, kStart = 1, kStop = 2, kCheckpoint = 3 };

// What ParseEvent finds. Kinds of summary values that are not listed are counted only.
struct Event {
  double wall_time = 0;  // seconds since 1970
  int64_t step = 0;
  std::string file_version;     // first event of a file: "brain.Event:2"
  std::string writer;           // first event of a file: the program's name
  std::vector<Scalar> scalars;  // simple values, and tensors of rank 0
  std::vector<std::pair<std::string, std::string>> texts;       // string tensors of rank 0
  std::vector<std::pair<std::string, std::string>> histograms;  // HistogramProto, serialized
  int other_values = 0;
  std::string graph_def;  // GraphDef, serialized
  SessionState session_state = SessionState::kNone;
  std::string checkpoint_path;  // with SessionState::kCheckpoint
};

std::string FormatVersionEvent(double wall_time, std::string_view writer);
std::string FormatScalarsEvent(double wall_time, int64_t step, std::span<const Scalar> scalars);
// `summary`: a serialized Summary message, as TensorFlow's summary operations give it.
std::string FormatSummaryEvent(double wall_time, int64_t step, std::string_view summary);
// `histogram`: a serialized HistogramProto, as BuildHistogram gives it.
std::string FormatHistogramEvent(double wall_time, int64_t step, std::string_view tag,
                                 std::string_view histogram);
// A string tensor of rank 0 without plugin metadata: Estimator's form for `checkpoint_path`.
std::string FormatTextEvent(double wall_time, int64_t step, std::string_view tag,
                            std::string_view text);
std::string FormatGraphEvent(double wall_time, std::string_view graph_def);
std::string FormatSessionEvent(double wall_time, int64_t step, SessionState state,
                               std::string_view checkpoint_path);

// DataLoss if the bytes are no well-formed message. Unknown fields are passed over.
Result<Event> ParseEvent(std::string_view bytes);

}  // namespace trainyard::records
