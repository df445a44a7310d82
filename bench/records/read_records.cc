// Reads a TFRecord file to its end, checksums checked, and prints what it took as a line of JSON.
//
//   read_records write FILE RECORD_BYTES RECORDS
//   read_records read FILE
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/files.h"
#include "records/record_reader.h"
#include "records/record_writer.h"

namespace trainyard::records {
namespace {

Status Write(const std::string& path, size_t record_bytes, int64_t count) {
  ASSIGN_OR_RETURN(const auto writer, RecordWriter::Create(path));
  std::string record(record_bytes, '\0');
  uint32_t random = 1;
  for (char& c : record) {
    random = random * 1664525 + 1013904223;
    c = static_cast<char>(random >> 24);
  }
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(record.data(), &i, sizeof(i));
    RETURN_IF_ERROR(writer->Append(record));
  }
  return writer->Flush();
}

Status Read(const std::string& path) {
  const auto start = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(const auto reader, RecordReader::Open(path));
  int64_t count = 0;
  uint64_t bytes = 0;
  while (true) {
    ASSIGN_OR_RETURN(const Record record, reader->Next());
    if (record.state == RecordState::kEnd) break;
    if (record.state != RecordState::kWhole) return DataLossError("{} is damaged", path);
    ++count;
    bytes += record.bytes.size();
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  fmt::print("{{\"records\": {}, \"bytes\": {}, \"seconds\": {:.6f}}}\n", count, bytes,
             seconds.count());
  return OkStatus();
}

}  // namespace
}  // namespace trainyard::records

int main(int argc, char** argv) {
  using namespace trainyard::records;  // NOLINT
  const std::string verb = argc > 1 ? argv[1] : "";
  trainyard::Status status;
  if (verb == "write" && argc == 5) {
    status =
        Write(argv[2], std::strtoull(argv[3], nullptr, 10), std::strtoll(argv[4], nullptr, 10));
  } else if (verb == "read" && argc == 3) {
    status = Read(argv[2]);
  } else {
    status =
        trainyard::InvalidArgumentError("usage: read_records write FILE BYTES RECORDS | read FILE");
  }
  if (status.ok()) return 0;
  fmt::print(stderr, "{}\n", status.message());
  return 2;
}
