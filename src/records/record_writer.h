// Writes a TFRecord file: for each record its length (8 bytes), the length's checksum (4), the
// bytes, and their checksum (4), all little-endian. There is no file header and no index.
//
// Owned by its caller; Append collects, Flush hands everything to the system, the destructor
// flushes. Nothing already appended is lost to a full disk: what could not be written stays in
// memory, and the next Flush goes on at the very byte where the last one stopped, so the file never
// holds half a record followed by another. Thread-compatible.
//
//   ASSIGN_OR_RETURN(auto writer, RecordWriter::Create("train.tfrecord"));
//   RETURN_IF_ERROR(writer->Append(bytes));
//   RETURN_IF_ERROR(writer->Flush());
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace trainyard::records {

class RecordWriter {
 public:
  // Makes a new, empty file. AlreadyExists if something is there; otherwise the system's reason.
  static Result<std::unique_ptr<RecordWriter>> Create(const std::string& path);
  ~RecordWriter();
  RecordWriter(const RecordWriter&) = delete;
  RecordWriter& operator=(const RecordWriter&) = delete;

  // Takes one whole record, and flushes when many bytes wait. ResourceExhausted, and the record is
  // not taken, when kMaxWaitingBytes already wait because the disk takes none.
  Status Append(std::string_view record);

  // Hands what waits to the system. On failure (a full disk, say) it goes on waiting.
  Status Flush();

  const std::string& path() const { return path_; }
  size_t waiting_bytes() const { return waiting_.size(); }

  static constexpr size_t kFlushBytes = 256 << 10;
  static constexpr size_t kMaxWaitingBytes = 64 << 20;

 private:
  RecordWriter(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  const std::string path_;
  const int fd_;
  std::string waiting_;  // appended, not yet written; may start inside a record
};

}  // namespace trainyard::records
