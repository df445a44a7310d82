// Writes an event file: what TensorBoard and Trainyard's own dashboard draw as curves.
//
// Owned by its caller; the file exists, with its first event, when Create returns. Events are
// collected and reach the file within two seconds, at Flush, and at destruction: one write for many
// events, and still curves that are nearly live. A failed write in the background (a full disk) is
// returned by the next call; the events stay and are written when the disk has room again.
// Thread-safe.
//
//   ASSIGN_OR_RETURN(auto events, EventWriter::Create("out/digits/model"));
//   const std::vector<Scalar> scalars = {{"loss", 0.3f}, {"global_step/sec", 38.f}};
//   RETURN_IF_ERROR(events->AddScalars(100, scalars));
//
// Source: tensorflow/core/util/events_writer.cc (names and first record).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "base/status.h"
#include "records/event.h"
#include "records/record_writer.h"

namespace trainyard::records {

class EventWriter {
 public:
  // Makes `directory` (and its parents) if it is missing, and in it a new file
  // events.out.tfevents.SECONDS.HOST<suffix>. Never adds to a file that is there.
  static Result<std::unique_ptr<EventWriter>> Create(const std::string& directory,
                                                     std::string_view suffix = "");
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  // The wall time, in seconds since 1970, is now unless given.
  using WallTime = std::optional<double>;

  // One event with all of these values.
  Status AddScalars(int64_t step, std::span<const Scalar> scalars, WallTime time = {});
  // `summary`: a serialized Summary, as TensorFlow's summary operations give it.
  Status AddSummaryBytes(int64_t step, std::string_view summary, WallTime time = {});
  // InvalidArgument if a value is infinite or not a number.
  Status AddHistogram(int64_t step, std::string_view tag, std::span<const float> values,
                      WallTime time = {});
  // A text without plugin metadata, as Estimator writes `checkpoint_path` after an evaluation.
  Status AddTensorText(int64_t step, std::string_view tag, std::string_view text,
                       WallTime time = {});
  // `graph_def`: a serialized GraphDef, shown on the graph page.
  Status AddGraph(std::string_view graph_def);
  // Says that what follows starts at `step`: readers drop later points of an earlier, broken run.
  Status AddSessionStart(int64_t step);
  Status AddCheckpointLog(int64_t step, std::string_view checkpoint_path);

  // All events so far are in the file (not: on the disk) when it returns OK.
  Status Flush();

  const std::string& path() const { return path_; }

 private:
  explicit EventWriter(std::unique_ptr<RecordWriter> records);
  Status Add(const std::string& event);
  void FlushFromTimeToTime(const std::stop_token& stop);

  const std::string path_;

  std::mutex mutex_;
  std::condition_variable_any waiting_;
  // Guarded by mutex_.
  std::unique_ptr<RecordWriter> records_;
  Status background_;  // why the last write in the background failed, until a caller has seen it

  std::jthread flusher_;  // last: it uses all of the above
};

}  // namespace trainyard::records
