// Positions in data, as BatchIterator::Save gives them: how they are written and read, and how
// what works ahead keeps the one of what it has handed out.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/wire.h"
#include "train/input.h"

namespace trainyard::train {

// The kind of the iterator, then numbers and bytes in the order in which they are given.
class PositionWriter {
 public:
  explicit PositionWriter(std::string_view kind) { wire_.Bytes(1, kind); }
  PositionWriter& Number(uint64_t value) {
    wire_.Varint(1, value);
    return *this;
  }
  PositionWriter& Bytes(std::string_view value) {
    wire_.Bytes(1, value);
    return *this;
  }
  const std::string& str() const { return wire_.str(); }

 private:
  WireWriter wire_;
};

// Reads what PositionWriter has written. Input is untrusted: after the first mistake every value is
// 0 or "", and End says what it was. The bytes are borrowed.
class PositionReader {
 public:
  PositionReader(std::string_view kind, std::string_view bytes);
  uint64_t Number();
  std::string Bytes();
  // The first mistake so far.
  const Status& status() const { return status_; }
  // Whether everything was read and nothing is left.
  Status End();

 private:
  bool NextOf(int wire_type);

  WireReader wire_;
  Status status_;
};

// For an iterator that reads its source ahead. Keeping the source's position for every element
// would cost too much, so it is kept for one in `spacing`; a position is such a mark and the number
// of elements behind it, which are drawn and dropped to go there. Thread-compatible.
class PositionMarks {
 public:
  explicit PositionMarks(uint64_t spacing) : spacing_(spacing) {}

  // Call before each draw from `source`; counts it.
  void BeforeDraw(const BatchIterator& source);
  uint64_t num_drawn() const { return num_drawn_; }
  // Forgets what is not needed for elements from number `first` on.
  void Forget(uint64_t first);
  // The mark at or before element `number`: its own number, and the source's position there.
  struct Mark {
    uint64_t number = 0;
    std::string position;
  };
  const Mark& At(uint64_t number) const;
  // Starts anew, in front of element `number`.
  void Reset(uint64_t number);

 private:
  const uint64_t spacing_;
  uint64_t num_drawn_ = 0;
  std::deque<Mark> marks_;
};

// Draws and drops `count` elements. InvalidArgument if there are fewer.
Status Skip(BatchIterator& source, uint64_t count);

// The position in front of element `number`; and back: takes `source` there and gives the number.
std::string SaveMarked(std::string_view kind, const PositionMarks& marks, uint64_t number,
                       const BatchIterator& source);
Result<uint64_t> RestoreMarked(std::string_view kind, const std::string& position,
                               BatchIterator& source, PositionMarks* marks);

}  // namespace trainyard::train
