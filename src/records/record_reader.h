// Reads a TFRecord file, also one that is damaged and one that is still being written.
//
// Every checksum is checked. A record with a wrong checksum is reported once and skipped: where its
// length can be trusted, reading goes on behind it; where not, at the next place that holds a whole
// record. A record that ends beyond the end of the file is not an error but "not yet": call Next
// again once the file has grown.
//
// Owned by its caller. Thread-compatible. Memory: one window of the file, or the longest record.
//
//   ASSIGN_OR_RETURN(auto reader, RecordReader::Open(path));
//   while (true) {
//     ASSIGN_OR_RETURN(const Record record, reader->Next());
//     if (record.state == RecordState::kEnd || record.state == RecordState::kTruncated) break;
//     if (record.state == RecordState::kWhole) Use(record.bytes);
//   }
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace trainyard::records {

enum class RecordState {
  kWhole,      // a good record
  kCorrupt,    // bytes that are no good record; the next call goes on behind them
  kTruncated,  // the file ends inside a record, which may still be being written
  kEnd,        // the file ends behind the last record
};

struct Record {
  RecordState state = RecordState::kEnd;
  std::string_view bytes;  // kWhole only; valid until the next call
  uint64_t offset = 0;     // where in the file this record, damage or end begins
};

class RecordReader {
 public:
  // `offset`: where to start, as given by offset() of an earlier reader of the same file.
  static Result<std::unique_ptr<RecordReader>> Open(const std::string& path, uint64_t offset = 0);
  ~RecordReader();
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;

  // The next record. A failure is the system's (an I/O error), and the call may be repeated.
  Result<Record> Next();

  // Where the next call starts: everything before has been reported.
  uint64_t offset() const { return offset_; }

 private:
  RecordReader(std::string path, int fd, uint64_t offset)
      : path_(std::move(path)), fd_(fd), offset_(offset) {}

  Result<Record> ReadAt(uint64_t offset);
  Result<bool> SkipDamage();
  Result<uint64_t> FileBytes() const;
  Result<std::string_view> Peek(uint64_t offset, uint64_t count);

  const std::string path_;
  const int fd_;
  uint64_t offset_;
  bool in_damage_ = false;  // the damage at offset_ has been reported, its end not yet found
  std::string window_;      // bytes of the file from window_offset_ on
  uint64_t window_offset_ = 0;
};

}  // namespace trainyard::records
