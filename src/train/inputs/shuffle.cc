#include "train/inputs/shuffle.h"

#include <algorithm>
#include <map>
#include <vector>

#include "train/inputs/position.h"
#include "train/inputs/random.h"
#include "train/inputs/row_iterator.h"

namespace trainyard::train {
namespace {

constexpr const char* kKind = "shuffle";

class ShuffleIterator : public RowIterator {
 public:
  ShuffleIterator(std::unique_ptr<BatchIterator> source, uint64_t buffer_size, Random random)
      : source_(std::move(source)),
        buffer_size_(buffer_size),
        random_(random),
        marks_(buffer_size) {}

  Result<std::optional<Row>> NextRow() override {
    while (!ended_ && buffer_.size() < buffer_size_) RETURN_IF_ERROR(Draw());
    if (buffer_.empty()) return std::optional<Row>();
    std::swap(buffer_[random_.Below(buffer_.size())], buffer_.back());
    std::optional<Row> next = std::move(buffer_.back().element);
    buffer_.pop_back();
    return next;
  }

  std::string Save() const override {
    PositionWriter position(kKind);
    const uint64_t oldest = buffer_.empty() ? marks_.num_drawn() : Oldest();
    const bool has_mark = oldest < marks_.num_drawn();
    const uint64_t start = has_mark ? marks_.At(oldest).number : marks_.num_drawn();
    position.Number(random_.state()).Number(ended_ ? 1 : 0).Number(marks_.num_drawn());
    position.Number(start).Bytes(has_mark ? marks_.At(oldest).position : source_->Save());
    position.Number(buffer_.size());
    for (const Slot& slot : buffer_) position.Number(slot.number - start);
    return position.str();
  }

  Status Restore(const std::string& bytes) override {
    if (bytes.empty()) return OkStatus();
    PositionReader position(kKind, bytes);
    random_ = Random(position.Number());
    ended_ = position.Number() != 0;
    const uint64_t num_drawn = position.Number();
    const uint64_t start = position.Number();
    const std::string source_position = position.Bytes();
    const uint64_t size = position.Number();
    if (size > buffer_size_) {
      return InvalidArgumentError("the position has {} elements in a shuffle buffer of {}", size,
                                  buffer_size_);
    }
    std::map<uint64_t, size_t> slot_of;  // of an element's number
    for (size_t i = 0; i < size; ++i) slot_of[start + position.Number()] = i;
    RETURN_IF_ERROR(position.End());
    // An element stays in the buffer for k * buffer_size draws with a probability of e^-k; what was
    // damaged must not be drawn to for hours.
    if (slot_of.size() != size || start > num_drawn || (num_drawn - start) / 100 > buffer_size_) {
      return InvalidArgumentError("the position is damaged");
    }
    RETURN_IF_ERROR(source_->Restore(source_position));
    marks_.Reset(start);
    buffer_.clear();
    buffer_.resize(size);
    for (uint64_t number = start; number < num_drawn; ++number) {
      marks_.BeforeDraw(*source_);
      ASSIGN_OR_RETURN(std::optional<Row> element, source_->NextRow());
      const auto slot = slot_of.find(number);
      if (slot == slot_of.end()) continue;
      if (!element.has_value()) {
        return InvalidArgumentError("the position lies beyond the end of the data");
      }
      buffer_[slot->second] = {number, std::move(*element)};
      slot_of.erase(slot);
    }
    return slot_of.empty() ? OkStatus() : InvalidArgumentError("the position is damaged");
  }

 private:
  struct Slot {
    uint64_t number = 0;  // how many elements of the source came before it
    Row element;
  };

  Status Draw() {
    // Now and then, so that looking for the oldest element costs nothing.
    if (!buffer_.empty() && marks_.num_drawn() % buffer_size_ == 0) marks_.Forget(Oldest());
    marks_.BeforeDraw(*source_);
    ASSIGN_OR_RETURN(std::optional<Row> element, source_->NextRow());
    ended_ = !element.has_value();
    if (!ended_) buffer_.push_back({marks_.num_drawn() - 1, std::move(*element)});
    return OkStatus();
  }

  uint64_t Oldest() const { return std::ranges::min_element(buffer_, {}, &Slot::number)->number; }

  const std::unique_ptr<BatchIterator> source_;
  const uint64_t buffer_size_;
  Random random_;
  PositionMarks marks_;
  std::vector<Slot> buffer_;
  bool ended_ = false;
};

class ShuffleInput : public PassInput {
 public:
  ShuffleInput(InputPtr source, ShuffleOptions options)
      : source_(std::move(source)), options_(options) {}
  const InputSpec& spec() const override { return source_->spec(); }
  Result<std::unique_ptr<BatchIterator>> MakePass(const Pass& pass) const override {
    ASSIGN_OR_RETURN(auto source, source_->MakePass(pass));
    const uint64_t seed = options_.seed.value_or(pass.salt);
    return std::unique_ptr<BatchIterator>(std::make_unique<ShuffleIterator>(
        std::move(source), options_.buffer_size, Random::Of({seed, pass.number})));
  }

 private:
  const InputPtr source_;
  const ShuffleOptions options_;
};

}  // namespace

Result<InputPtr> Shuffle(InputPtr source, ShuffleOptions options) {
  if (options.buffer_size == 0) {
    return InvalidArgumentError("Shuffle: buffer_size is 0: it must be at least 1");
  }
  return InputPtr(std::make_shared<ShuffleInput>(std::move(source), options));
}

}  // namespace trainyard::train
