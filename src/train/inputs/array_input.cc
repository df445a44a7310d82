#include "train/inputs/array_input.h"

#include <algorithm>
#include <random>
#include <vector>

#include "train/inputs/position.h"

namespace trainyard::train {
namespace {

// The rows `rows` of `source`, one after another.
tf::Tensor TakeRows(const tf::Tensor& source, std::span<const int64_t> rows) {
  tf::Shape shape = source.shape();
  const size_t row_bytes = source.num_bytes() / static_cast<size_t>(shape[0]);
  shape[0] = static_cast<int64_t>(rows.size());
  tf::Tensor taken = tf::Tensor::Allocate(source.dtype(), shape);
  char* to = static_cast<char*>(taken.raw());
  const char* from = static_cast<const char*>(source.raw());
  for (const int64_t row : rows) {
    std::memcpy(to, from + static_cast<size_t>(row) * row_bytes, row_bytes);
    to += row_bytes;
  }
  return taken;
}

// Fisher and Yates's shuffle; std::shuffle's result depends on the standard library.
void Shuffle(std::vector<int64_t>& values, std::mt19937_64& random) {
  for (size_t left = values.size(); left > 1; --left) {
    std::swap(values[left - 1], values[random() % left]);
  }
}

// The numbers of a shard's examples in the order they come, epoch after epoch.
class ExampleOrder {
 public:
  ExampleOrder(const ArrayInputOptions& options, int64_t num_examples)
      : options_(options), num_examples_(num_examples) {
    Start(options.seed.has_value() ? *options.seed : std::random_device{}());
  }

  std::vector<int64_t> Take(int64_t count) {
    std::vector<int64_t> taken;
    while (static_cast<int64_t>(taken.size()) < count) {
      if (next_ == order_.size() && !StartEpoch()) break;
      taken.push_back(order_[next_++]);
    }
    return taken;
  }

  std::string Save() const {
    PositionWriter position(kPositionKind);
    position.Number(order_.size()).Number(seed_).Number(epochs_begun_).Number(next_);
    return position.str();
  }

  // The orders of past epochs follow from the seed: they are made again, some 10 ms for a million.
  Status Restore(const std::string& bytes) {
    PositionReader position(kPositionKind, bytes);
    const uint64_t size = position.Number();
    const uint64_t seed = position.Number();
    const uint64_t epochs = position.Number();
    const uint64_t next = position.Number();
    RETURN_IF_ERROR(position.End());
    if (size != order_.size() || next > size) {
      return InvalidArgumentError("the position is in other data: it had {} examples, these are {}",
                                  size, order_.size());
    }
    // Only shuffled epochs cost time; and a damaged count must not cost for ever.
    constexpr uint64_t kMaxEpochs = 1'000'000;
    if (epochs > kMaxEpochs) return InvalidArgumentError("the position is damaged");
    Start(seed);
    if (options_.shuffle) {
      for (uint64_t i = 0; i < epochs; ++i) Shuffle(order_, random_);
    }
    epochs_begun_ = epochs;
    next_ = next;
    return OkStatus();
  }

 private:
  static constexpr const char* kPositionKind = "array";

  void Start(uint64_t seed) {
    seed_ = seed;
    random_.seed(seed);
    epochs_begun_ = 0;
    order_.clear();
    for (int64_t i = options_.shard.index; i < num_examples_; i += options_.shard.count) {
      order_.push_back(i);
    }
    next_ = order_.size();
  }

  bool StartEpoch() {
    if (options_.epochs.has_value() && epochs_begun_ >= static_cast<uint64_t>(*options_.epochs)) {
      return false;
    }
    ++epochs_begun_;
    if (options_.shuffle) Shuffle(order_, random_);
    next_ = 0;
    return true;
  }

  const ArrayInputOptions options_;
  const int64_t num_examples_;
  uint64_t seed_ = 0;
  std::mt19937_64 random_;
  std::vector<int64_t> order_;
  uint64_t epochs_begun_ = 0;
  size_t next_ = 0;
};

class ArrayIterator : public BatchIterator {
 public:
  ArrayIterator(const Arrays& arrays, const ArrayInputOptions& options, int64_t num_examples)
      : arrays_(arrays), options_(options), order_(options, num_examples) {}

  Result<std::optional<Batch>> Next() override {
    const std::vector<int64_t> rows = order_.Take(options_.batch_size);
    const bool whole = static_cast<int64_t>(rows.size()) == options_.batch_size;
    if (rows.empty() || (options_.drop_remainder && !whole)) return std::optional<Batch>();
    Batch batch;
    for (const auto& [name, values] : arrays_.features) {
      batch.features.emplace(name, TakeRows(values, rows));
    }
    if (!arrays_.labels.empty()) batch.labels = TakeRows(arrays_.labels, rows);
    return std::optional<Batch>(std::move(batch));
  }

  std::string Save() const override { return order_.Save(); }
  Status Restore(const std::string& position) override {
    return position.empty() ? OkStatus() : order_.Restore(position);
  }

 private:
  const Arrays& arrays_;
  const ArrayInputOptions& options_;
  ExampleOrder order_;
};

FeatureSpec SpecOf(const tf::Tensor& tensor) {
  FeatureSpec spec{.dtype = tensor.dtype(), .shape = tensor.shape()};
  spec.shape[0] = -1;
  return spec;
}

// The common size of dimension 0.
Result<int64_t> CountExamples(const Arrays& arrays) {
  std::optional<int64_t> count;
  const auto check = [&](const std::string& name, const tf::Tensor& tensor) -> Status {
    if (tensor.empty() || tensor.shape().empty() || tf::DataTypeSize(tensor.dtype()) == 0) {
      return InvalidArgumentError("{} must be an array of numbers with one row per example", name);
    }
    const int64_t rows = tensor.shape()[0];
    if (count.has_value() && *count != rows) {
      return InvalidArgumentError("{} has {} rows where other arrays of the input have {}", name,
                                  rows, *count);
    }
    count = rows;
    return OkStatus();
  };
  for (const auto& [name, tensor] : arrays.features) {
    RETURN_IF_ERROR(check(fmt::format("feature \"{}\"", name), tensor));
  }
  if (!count.has_value()) return InvalidArgumentError("an input needs at least one feature");
  if (!arrays.labels.empty()) RETURN_IF_ERROR(check("the labels array", arrays.labels));
  return *count;
}

Status CheckOptions(const ArrayInputOptions& options, int64_t num_examples) {
  if (options.batch_size < 1) {
    return InvalidArgumentError("batch_size is {}: it must be at least 1", options.batch_size);
  }
  if (options.epochs.has_value() && *options.epochs < 1) {
    return InvalidArgumentError("epochs is {}: it must be at least 1", *options.epochs);
  }
  const Shard& shard = options.shard;
  if (shard.index < 0 || shard.index >= shard.count) {
    return InvalidArgumentError("shard {} of {} does not exist", shard.index, shard.count);
  }
  if (shard.index >= num_examples) {
    return InvalidArgumentError("nothing is left for shard {} of {}: there are only {} examples",
                                shard.index, shard.count, num_examples);
  }
  return OkStatus();
}

}  // namespace

Shard ShardOf(const spec::TaskConfig& task) {
  const int count = std::max(task.num_worker_replicas, 1);
  return {.index = task.trainer_rank.value_or(0), .count = count};
}

Result<std::unique_ptr<ArrayInput>> ArrayInput::Create(Arrays arrays, ArrayInputOptions options) {
  ASSIGN_OR_RETURN(const int64_t num_examples, CountExamples(arrays));
  RETURN_IF_ERROR(CheckOptions(options, num_examples));
  return std::unique_ptr<ArrayInput>(new ArrayInput(std::move(arrays), options, num_examples));
}

ArrayInput::ArrayInput(Arrays arrays, ArrayInputOptions options, int64_t num_examples)
    : arrays_(std::move(arrays)), options_(options), num_examples_(num_examples) {
  for (const auto& [name, tensor] : arrays_.features) spec_.features[name] = SpecOf(tensor);
  if (!arrays_.labels.empty()) spec_.labels = SpecOf(arrays_.labels);
}

Result<std::unique_ptr<BatchIterator>> ArrayInput::MakeIterator() const {
  return std::unique_ptr<BatchIterator>(
      std::make_unique<ArrayIterator>(arrays_, options_, num_examples_));
}

}  // namespace trainyard::train
