#include "train/inputs/interleave.h"

#include "train/inputs/position.h"
#include "train/inputs/random.h"
#include "train/inputs/row_iterator.h"

namespace trainyard::train {
namespace {

constexpr const char* kKind = "interleave";
constexpr const char* kShardKind = "shard";

class InterleaveIterator : public RowIterator {
 public:
  InterleaveIterator(const std::vector<InputPtr>& inputs, const InterleaveOptions& options,
                     uint64_t seed, const Pass& pass)
      : inputs_(inputs),
        options_(options),
        pass_(pass),
        slots_(static_cast<size_t>(options.cycle_length)) {
    Start(seed);
  }

  Result<std::optional<Row>> NextRow() override {
    // Ends when every slot has been found empty in a row.
    for (size_t empty = 0; empty < slots_.size();) {
      Slot& slot = slots_[slot_];
      if (slot.iterator == nullptr && next_input_ < order_.size()) {
        slot.input = order_[next_input_++];
        ASSIGN_OR_RETURN(slot.iterator, inputs_[slot.input]->MakePass(pass_));
      }
      if (slot.iterator == nullptr) {
        ++empty;
        NextSlot();
        continue;
      }
      empty = 0;
      ASSIGN_OR_RETURN(std::optional<Row> next, slot.iterator->NextRow());
      if (next.has_value()) {
        if (++in_block_ == options_.block_length) NextSlot();
        return next;
      }
      slot.iterator = nullptr;
      NextSlot();
    }
    return std::optional<Row>();
  }

  std::string Save() const override {
    PositionWriter position(kKind);
    position.Number(pass_.salt)
        .Number(seed_)
        .Number(order_.size())
        .Number(next_input_)
        .Number(slots_.size());
    position.Number(slot_).Number(static_cast<uint64_t>(in_block_));
    for (const Slot& slot : slots_) {
      const bool open = slot.iterator != nullptr;
      position.Number(open ? slot.input + 1 : 0).Bytes(open ? slot.iterator->Save() : "");
    }
    return position.str();
  }

  Status Restore(const std::string& bytes) override {
    if (bytes.empty()) return OkStatus();
    PositionReader position(kKind, bytes);
    const uint64_t salt = position.Number();
    const uint64_t seed = position.Number();
    const uint64_t num_inputs = position.Number();
    const uint64_t next_input = position.Number();
    const uint64_t num_slots = position.Number();
    const uint64_t slot_number = position.Number();
    const uint64_t in_block = position.Number();
    RETURN_IF_ERROR(position.status());
    if (num_inputs != order_.size() || num_slots != slots_.size()) {
      return InvalidArgumentError(
          "the position is in {} inputs, {} at a time; these are {}, {} at a time", num_inputs,
          num_slots, order_.size(), slots_.size());
    }
    if (next_input > num_inputs || slot_number >= num_slots ||
        in_block >= static_cast<uint64_t>(options_.block_length)) {
      return InvalidArgumentError("the position is damaged");
    }
    pass_.salt = salt;
    Start(seed);
    next_input_ = next_input;
    slot_ = slot_number;
    in_block_ = static_cast<int>(in_block);
    for (Slot& slot : slots_) {
      const uint64_t open = position.Number();
      const std::string inner = position.Bytes();
      if (open > num_inputs) return InvalidArgumentError("the position is damaged");
      slot.iterator = nullptr;
      if (open == 0) continue;
      slot.input = open - 1;
      ASSIGN_OR_RETURN(slot.iterator, inputs_[slot.input]->MakePass(pass_));
      RETURN_IF_ERROR(slot.iterator->Restore(inner));
    }
    return position.End();
  }

 private:
  struct Slot {
    size_t input = 0;
    std::unique_ptr<BatchIterator> iterator;  // null: nothing open
  };

  void Start(uint64_t seed) {
    seed_ = seed;
    order_.resize(inputs_.size());
    for (size_t i = 0; i < order_.size(); ++i) order_[i] = i;
    if (!options_.shuffle) return;
    Random random = Random::Of({seed, pass_.number});
    for (size_t left = order_.size(); left > 1; --left) {
      std::swap(order_[left - 1], order_[random.Below(left)]);
    }
  }

  void NextSlot() {
    slot_ = (slot_ + 1) % slots_.size();
    in_block_ = 0;
  }

  const std::vector<InputPtr>& inputs_;
  const InterleaveOptions& options_;
  Pass pass_;
  uint64_t seed_ = 0;
  std::vector<size_t> order_;
  size_t next_input_ = 0;
  std::vector<Slot> slots_;
  size_t slot_ = 0;
  int in_block_ = 0;
};

class InterleaveInput : public PassInput {
 public:
  InterleaveInput(std::vector<InputPtr> inputs, InterleaveOptions options)
      : inputs_(std::move(inputs)), options_(options) {}
  const InputSpec& spec() const override { return inputs_[0]->spec(); }
  Result<std::unique_ptr<BatchIterator>> MakePass(const Pass& pass) const override {
    const uint64_t seed = options_.seed.value_or(pass.salt);
    return std::unique_ptr<BatchIterator>(
        std::make_unique<InterleaveIterator>(inputs_, options_, seed, pass));
  }

 private:
  const std::vector<InputPtr> inputs_;
  const InterleaveOptions options_;
};

class ShardIterator : public RowIterator {
 public:
  ShardIterator(std::unique_ptr<BatchIterator> source, Shard shard)
      : source_(std::move(source)), shard_(shard) {}

  Result<std::optional<Row>> NextRow() override {
    while (true) {
      ASSIGN_OR_RETURN(std::optional<Row> next, source_->NextRow());
      if (!next.has_value()) return next;
      const bool is_mine = phase_ == static_cast<uint64_t>(shard_.index);
      phase_ = (phase_ + 1) % static_cast<uint64_t>(shard_.count);
      if (is_mine) return next;
    }
  }
  std::string Save() const override {
    return PositionWriter(kShardKind).Number(phase_).Bytes(source_->Save()).str();
  }
  Status Restore(const std::string& bytes) override {
    if (bytes.empty()) return OkStatus();
    PositionReader position(kShardKind, bytes);
    phase_ = position.Number();
    const std::string inner = position.Bytes();
    RETURN_IF_ERROR(position.End());
    if (phase_ >= static_cast<uint64_t>(shard_.count)) {
      return InvalidArgumentError("the position was saved by a job with more workers");
    }
    return source_->Restore(inner);
  }

 private:
  const std::unique_ptr<BatchIterator> source_;
  const Shard shard_;
  uint64_t phase_ = 0;  // number of the next element, modulo shard_.count
};

class ShardInput : public PassInput {
 public:
  ShardInput(InputPtr source, Shard shard) : source_(std::move(source)), shard_(shard) {}
  const InputSpec& spec() const override { return source_->spec(); }
  Result<std::unique_ptr<BatchIterator>> MakePass(const Pass& pass) const override {
    ASSIGN_OR_RETURN(auto source, source_->MakePass(pass));
    return std::unique_ptr<BatchIterator>(
        std::make_unique<ShardIterator>(std::move(source), shard_));
  }

 private:
  const InputPtr source_;
  const Shard shard_;
};

Status CheckShard(const Shard& shard) {
  if (shard.index >= 0 && shard.index < shard.count) return OkStatus();
  return InvalidArgumentError("shard {} of {} does not exist", shard.index, shard.count);
}

}  // namespace

Result<InputPtr> ShardExamples(InputPtr source, Shard shard) {
  RETURN_IF_ERROR(CheckShard(shard));
  if (shard.count == 1) return source;
  return InputPtr(std::make_shared<ShardInput>(std::move(source), shard));
}

Result<InputPtr> Interleave(std::vector<InputPtr> inputs, InterleaveOptions options) {
  if (inputs.empty()) return InvalidArgumentError("Interleave: there are no inputs");
  if (options.cycle_length < 1 || options.block_length < 1) {
    return InvalidArgumentError(
        "Interleave: cycle_length is {} and block_length {}: both must be at least 1",
        options.cycle_length, options.block_length);
  }
  const Shard shard = options.shard;
  RETURN_IF_ERROR(CheckShard(shard));
  const auto count = static_cast<size_t>(shard.count);
  const bool by_input = inputs.size() >= count;
  if (by_input && count > 1) {
    std::vector<InputPtr> mine;
    for (size_t i = static_cast<size_t>(shard.index); i < inputs.size(); i += count) {
      mine.push_back(std::move(inputs[i]));
    }
    inputs = std::move(mine);
  }
  if (!by_input && options.shuffle && !options.seed.has_value()) {
    return InvalidArgumentError(
        "Interleave: {} workers share {} inputs by element: they need a seed to agree on the order",
        shard.count, inputs.size());
  }
  auto all = std::make_shared<InterleaveInput>(std::move(inputs), options);
  return by_input ? InputPtr(std::move(all)) : ShardExamples(std::move(all), shard);
}

}  // namespace trainyard::train
