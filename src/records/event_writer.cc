#include "records/event_writer.h"

#include <unistd.h>

#include <chrono>

#include "base/files.h"
#include "records/histogram.h"

namespace trainyard::records {
namespace {

constexpr std::chrono::seconds kFlushInterval(2);
constexpr char kWriterName[] = "trainyard.records.event_writer";

double Now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string HostName() {
  char name[256] = "localhost";
  ::gethostname(name, sizeof(name) - 1);
  return name;
}

// The name carries whole seconds only; a second writer within the same one takes the next, which
// keeps the names in the order of time.
Result<std::unique_ptr<RecordWriter>> CreateFile(const std::string& directory,
                                                 std::string_view suffix) {
  constexpr int kAttempts = 100;
  const auto seconds = static_cast<int64_t>(Now());
  const std::string host = HostName();
  Status status;
  for (int64_t attempt = 0; attempt < kAttempts; ++attempt) {
    const std::string name =
        fmt::format("events.out.tfevents.{:010}.{}{}", seconds + attempt, host, suffix);
    auto records = RecordWriter::Create(JoinPath(directory, name));
    if (records.ok() || records.error().code() != StatusCode::kAlreadyExists) return records;
    status = records.status();
  }
  return status;
}

}  // namespace

Result<std::unique_ptr<EventWriter>> EventWriter::Create(const std::string& directory,
                                                         std::string_view suffix) {
  RETURN_IF_ERROR(MakeDirectories(directory));
  ASSIGN_OR_RETURN(auto records, CreateFile(directory, suffix));
  RETURN_IF_ERROR(records->Append(FormatVersionEvent(Now(), kWriterName)));
  RETURN_IF_ERROR(records->Flush());
  return std::unique_ptr<EventWriter>(new EventWriter(std::move(records)));
}

EventWriter::EventWriter(std::unique_ptr<RecordWriter> records)
    : path_(records->path()),
      records_(std::move(records)),
      flusher_([this](const std::stop_token& stop) { FlushFromTimeToTime(stop); }) {}

EventWriter::~EventWriter() = default;  // the flusher stops first, then the records are flushed

Status EventWriter::AddScalars(int64_t step, std::span<const Scalar> scalars, WallTime time) {
  return Add(FormatScalarsEvent(time.value_or(Now()), step, scalars));
}

Status EventWriter::AddSummaryBytes(int64_t step, std::string_view summary, WallTime time) {
  return Add(FormatSummaryEvent(time.value_or(Now()), step, summary));
}

Status EventWriter::AddHistogram(int64_t step, std::string_view tag, std::span<const float> values,
                                 WallTime time) {
  const auto histogram = BuildHistogram(values);
  if (!histogram.ok()) {
    return histogram.error().WithContext(
        fmt::format("cannot write histogram \"{}\" at step {}", tag, step));
  }
  return Add(FormatHistogramEvent(time.value_or(Now()), step, tag, *histogram));
}

Status EventWriter::AddTensorText(int64_t step, std::string_view tag, std::string_view text,
                                  WallTime time) {
  return Add(FormatTextEvent(time.value_or(Now()), step, tag, text));
}

Status EventWriter::AddGraph(std::string_view graph_def) {
  return Add(FormatGraphEvent(Now(), graph_def));
}

Status EventWriter::AddSessionStart(int64_t step) {
  return Add(FormatSessionEvent(Now(), step, SessionState::kStart, ""));
}

Status EventWriter::AddCheckpointLog(int64_t step, std::string_view checkpoint_path) {
  return Add(FormatSessionEvent(Now(), step, SessionState::kCheckpoint, checkpoint_path));
}

Status EventWriter::Add(const std::string& event) {
  const std::lock_guard lock(mutex_);
  const bool was_empty = records_->waiting_bytes() == 0;
  const Status added = records_->Append(event);
  if (was_empty) waiting_.notify_one();
  const Status earlier = std::exchange(background_, OkStatus());
  return added.ok() ? earlier : added;
}

Status EventWriter::Flush() {
  const std::lock_guard lock(mutex_);
  background_ = OkStatus();
  return records_->Flush();
}

void EventWriter::FlushFromTimeToTime(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (waiting_.wait(lock, stop, [this] { return records_->waiting_bytes() > 0; }) &&
         !stop.stop_requested()) {
    // The first event of a batch waits this long for others to share its write.
    waiting_.wait_for(lock, stop, kFlushInterval, [] { return false; });
    if (Status status = records_->Flush(); !status.ok()) background_ = std::move(status);
  }
}

}  // namespace trainyard::records
