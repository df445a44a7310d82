#include "records/event_reader.h"

namespace trainyard::records {

Result<std::unique_ptr<EventReader>> EventReader::Open(const std::string& path, uint64_t offset) {
  ASSIGN_OR_RETURN(auto records, RecordReader::Open(path, offset));
  return std::unique_ptr<EventReader>(new EventReader(std::move(records)));
}

Result<bool> EventReader::Next(Event* event) {
  while (true) {
    ASSIGN_OR_RETURN(const Record record, records_->Next());
    switch (record.state) {
      case RecordState::kEnd:
      case RecordState::kTruncated:
        return false;
      case RecordState::kCorrupt:
        ++corrupt_records_;
        break;
      case RecordState::kWhole:
        if (auto parsed = ParseEvent(record.bytes); parsed.ok()) {
          *event = *std::move(parsed);
          return true;
        }
        ++corrupt_records_;
        break;
    }
  }
}

}  // namespace trainyard::records
