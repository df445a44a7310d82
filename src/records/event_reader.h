// Reads the events of one file in order, also while it is being written.
//
// Damage is passed over and counted, never guessed at. Owned by its caller. Thread-compatible.
//
//   ASSIGN_OR_RETURN(auto events, EventReader::Open(path));
//   Event event;
//   while (events->Next(&event).value_or(false)) Draw(event.step, event.scalars);
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "records/event.h"
#include "records/record_reader.h"

namespace trainyard::records {

class EventReader {
 public:
  // `offset`: where to start, as given by offset() of an earlier reader of the same file.
  static Result<std::unique_ptr<EventReader>> Open(const std::string& path, uint64_t offset = 0);

  // The next event; false when there is none yet, and the call may be repeated once the file has
  // grown. A failure is the system's (an I/O error).
  Result<bool> Next(Event* event);

  uint64_t offset() const { return records_->offset(); }
  // Places passed over so far: wrong checksums, and records that are no events.
  int corrupt_records() const { return corrupt_records_; }

 private:
  explicit EventReader(std::unique_ptr<RecordReader> records) : records_(std::move(records)) {}

  std::unique_ptr<RecordReader> records_;
  int corrupt_records_ = 0;
};

}  // namespace trainyard::records
