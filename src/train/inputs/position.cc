#include "train/inputs/position.h"

#include <random>

namespace trainyard::train {
namespace {

constexpr int kVarint = 0;
constexpr int kBytes = 2;
// Far more than any spacing of marks: a damaged number must not be drawn to for hours.
constexpr uint64_t kMaxSkip = 1 << 20;

}  // namespace

Result<std::optional<Row>> BatchIterator::NextRow() {
  ASSIGN_OR_RETURN(std::optional<Batch> example, Next());
  if (!example.has_value()) return std::optional<Row>();
  return std::optional<Row>(std::in_place, std::move(*example));
}

Pass Pass::First() {
  std::random_device device;
  return {.number = 0, .salt = static_cast<uint64_t>(device()) << 32 | device()};
}

PositionReader::PositionReader(std::string_view kind, std::string_view bytes) : wire_(bytes) {
  const std::string found = Bytes();
  if (status_.ok() && found != kind) {
    status_ = InvalidArgumentError(
        "the position was saved by another pipeline: \"{}\" was expected, it has \"{}\"", kind,
        found.substr(0, 40));
  }
}

bool PositionReader::NextOf(int wire_type) {
  if (!status_.ok()) return false;
  if (wire_.Next() && wire_.wire_type() == wire_type) return true;
  status_ = InvalidArgumentError("the position is damaged");
  return false;
}

uint64_t PositionReader::Number() { return NextOf(kVarint) ? wire_.varint() : 0; }

std::string PositionReader::Bytes() {
  return NextOf(kBytes) ? std::string(wire_.bytes()) : std::string();
}

Status PositionReader::End() {
  if (status_.ok() && (wire_.Next() || !wire_.ok())) {
    status_ = InvalidArgumentError("the position is damaged");
  }
  return status_;
}

void PositionMarks::BeforeDraw(const BatchIterator& source) {
  if (marks_.empty() || num_drawn_ >= marks_.back().number + spacing_) {
    marks_.push_back({num_drawn_, source.Save()});
  }
  ++num_drawn_;
}

void PositionMarks::Forget(uint64_t first) {
  while (marks_.size() > 1 && marks_[1].number <= first) marks_.pop_front();
}

const PositionMarks::Mark& PositionMarks::At(uint64_t number) const {
  CHECK(!marks_.empty());
  size_t at = 0;
  while (at + 1 < marks_.size() && marks_[at + 1].number <= number) ++at;
  return marks_[at];
}

void PositionMarks::Reset(uint64_t number) {
  marks_.clear();
  num_drawn_ = number;
}

Status Skip(BatchIterator& source, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const std::optional<Batch> dropped, source.Next());
    if (!dropped.has_value()) {
      return InvalidArgumentError("the position lies beyond the end of the data");
    }
  }
  return OkStatus();
}

std::string SaveMarked(std::string_view kind, const PositionMarks& marks, uint64_t number,
                       const BatchIterator& source) {
  PositionWriter position(kind);
  position.Number(number);
  if (marks.num_drawn() == number) {
    position.Number(0).Bytes(source.Save());
  } else {
    const PositionMarks::Mark& mark = marks.At(number);
    position.Number(number - mark.number).Bytes(mark.position);
  }
  return position.str();
}

Result<uint64_t> RestoreMarked(std::string_view kind, const std::string& position,
                               BatchIterator& source, PositionMarks* marks) {
  PositionReader reader(kind, position);
  const uint64_t number = reader.Number();
  const uint64_t skip = reader.Number();
  const std::string start = reader.Bytes();
  RETURN_IF_ERROR(reader.End());
  if (skip > number || skip > kMaxSkip) return InvalidArgumentError("the position is damaged");
  RETURN_IF_ERROR(source.Restore(start));
  marks->Reset(number - skip);
  for (uint64_t i = 0; i < skip; ++i) {
    marks->BeforeDraw(source);
    RETURN_IF_ERROR(Skip(source, 1));
  }
  return number;
}

}  // namespace trainyard::train
