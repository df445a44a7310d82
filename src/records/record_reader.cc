#include "records/record_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "records/crc32c.h"

namespace trainyard::records {
namespace {

constexpr uint64_t kHeaderBytes = 12;  // length and its checksum
constexpr uint64_t kFooterBytes = 4;   // checksum of the bytes
constexpr uint64_t kFrameBytes = kHeaderBytes + kFooterBytes;
constexpr uint64_t kWindowBytes = 256 << 10;

template <class T>
T LoadLittleEndian(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

bool IsHeader(std::string_view bytes) {
  return MaskedCrc32c(bytes.substr(0, 8)) == LoadLittleEndian<uint32_t>(bytes, 8);
}

}  // namespace

Result<std::unique_ptr<RecordReader>> RecordReader::Open(const std::string& path, uint64_t offset) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoError(errno, "cannot open {}", path);
  return std::unique_ptr<RecordReader>(new RecordReader(path, fd, offset));
}

RecordReader::~RecordReader() { ::close(fd_); }

Result<Record> RecordReader::Next() {
  if (in_damage_) {
    ASSIGN_OR_RETURN(in_damage_, SkipDamage());
    if (in_damage_) return Record{RecordState::kTruncated, {}, offset_};
  }
  ASSIGN_OR_RETURN(const Record record, ReadAt(offset_));
  if (record.state == RecordState::kWhole) offset_ += kFrameBytes + record.bytes.size();
  if (record.state == RecordState::kCorrupt) {
    ASSIGN_OR_RETURN(const std::string_view header, Peek(offset_, kHeaderBytes));
    in_damage_ = !IsHeader(header);
    offset_ += in_damage_ ? 1 : kFrameBytes + LoadLittleEndian<uint64_t>(header, 0);
  }
  return record;
}

// What stands at `offset`, without moving on.
Result<Record> RecordReader::ReadAt(uint64_t offset) {
  const Record truncated = {RecordState::kTruncated, {}, offset};
  const Record corrupt = {RecordState::kCorrupt, {}, offset};
  ASSIGN_OR_RETURN(const std::string_view header, Peek(offset, kHeaderBytes));
  if (header.empty()) return Record{RecordState::kEnd, {}, offset};
  if (header.size() < kHeaderBytes) return truncated;
  if (!IsHeader(header)) return corrupt;
  const auto length = LoadLittleEndian<uint64_t>(header, 0);
  // The length is checked before it is believed: no memory is taken for bytes that are not there.
  // Most records are in the window already, and need no question to the system.
  const uint64_t in_window = window_offset_ + window_.size() - offset;
  if (in_window < kFrameBytes || in_window - kFrameBytes < length) {
    ASSIGN_OR_RETURN(const uint64_t file_bytes, FileBytes());
    if (file_bytes < offset + kFrameBytes || file_bytes - offset - kFrameBytes < length) {
      return truncated;
    }
  }
  ASSIGN_OR_RETURN(const std::string_view rest, Peek(offset + kHeaderBytes, length + kFooterBytes));
  if (rest.size() < length + kFooterBytes) return truncated;
  const std::string_view bytes = rest.substr(0, length);
  if (MaskedCrc32c(bytes) != LoadLittleEndian<uint32_t>(rest, length)) return corrupt;
  return Record{RecordState::kWhole, bytes, offset};
}

// Moves offset_ to the next thing that looks like a record's header; true if the file ends first.
Result<bool> RecordReader::SkipDamage() {
  while (true) {
    ASSIGN_OR_RETURN(const std::string_view header, Peek(offset_, kHeaderBytes));
    if (header.size() < kHeaderBytes) return true;
    if (IsHeader(header)) return false;
    ++offset_;
  }
}

Result<uint64_t> RecordReader::FileBytes() const {
  struct stat info{};
  if (::fstat(fd_, &info) != 0) return ErrnoError(errno, "cannot read {}", path_);
  return static_cast<uint64_t>(info.st_size);
}

// The `count` bytes at `offset`, fewer only at the end of the file; valid until the next call.
Result<std::string_view> RecordReader::Peek(uint64_t offset, uint64_t count) {
  const bool inside = offset >= window_offset_ && offset + count <= window_offset_ + window_.size();
  if (!inside) {
    window_.resize(std::max(count, kWindowBytes));
    window_offset_ = offset;
    size_t filled = 0;
    while (filled < window_.size()) {
      const ssize_t got = ::pread(fd_, window_.data() + filled, window_.size() - filled,
                                  static_cast<off_t>(offset + filled));
      if (got == 0) break;
      if (got > 0) filled += static_cast<size_t>(got);
      if (got < 0 && errno != EINTR) {
        const int error = errno;
        window_.clear();
        return ErrnoError(error, "cannot read {}", path_);
      }
    }
    window_.resize(filled);
  }
  const std::string_view view = std::string_view(window_).substr(offset - window_offset_);
  return view.substr(0, count);
}

}  // namespace trainyard::records
