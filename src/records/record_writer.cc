#include "records/record_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/log.h"
#include "records/crc32c.h"

namespace trainyard::records {
namespace {

template <class T>
void AppendLittleEndian(std::string* out, T value) {
  static_assert(std::endian::native == std::endian::little, "records are little-endian");
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  out->append(raw, sizeof(T));
}

}  // namespace

Result<std::unique_ptr<RecordWriter>> RecordWriter::Create(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoError(errno, "cannot create {}", path);
  return std::unique_ptr<RecordWriter>(new RecordWriter(path, fd));
}

RecordWriter::~RecordWriter() {
  if (const Status status = Flush(); !status.ok()) LogWarning("{}", status.message());
  ::close(fd_);
}

Status RecordWriter::Append(std::string_view record) {
  if (waiting_.size() >= kMaxWaitingBytes) {
    return ResourceExhaustedError("cannot append to {}: {} MiB already wait to be written", path_,
                                  waiting_.size() >> 20);
  }
  const size_t header = waiting_.size();
  AppendLittleEndian(&waiting_, static_cast<uint64_t>(record.size()));
  AppendLittleEndian(&waiting_, MaskedCrc32c(std::string_view(waiting_).substr(header)));
  waiting_.append(record);
  AppendLittleEndian(&waiting_, MaskedCrc32c(record));
  return waiting_.size() < kFlushBytes ? OkStatus() : Flush();
}

Status RecordWriter::Flush() {
  size_t done = 0;
  int error = 0;
  while (done < waiting_.size() && error == 0) {
    const ssize_t count = ::write(fd_, waiting_.data() + done, waiting_.size() - done);
    if (count >= 0) {
      done += static_cast<size_t>(count);
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  waiting_.erase(0, done);
  return error == 0 ? OkStatus() : ErrnoError(error, "cannot write {}", path_);
}

}  // namespace trainyard::records
