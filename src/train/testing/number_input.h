// Examples that are numbers, for tests of pipelines.
#pragma once

#include <memory>
#include <vector>

#include "train/input.h"
#include "train/inputs/position.h"

namespace trainyard::train::testing {

// Examples `first` to `last` - 1, each an int64 scalar "x" without labels. Yields an error instead
// of the example `broken`.
class NumberInput : public Input {
 public:
  NumberInput(int64_t first, int64_t last, int64_t broken = -1)
      : first_(first), last_(last), broken_(broken) {
    spec_.features["x"] = {.dtype = tf::DataType::kInt64, .shape = {}};
  }
  const InputSpec& spec() const override { return spec_; }
  Result<std::unique_ptr<BatchIterator>> MakeIterator() const override {
    return std::unique_ptr<BatchIterator>(std::make_unique<Iterator>(*this));
  }

 private:
  class Iterator : public BatchIterator {
   public:
    explicit Iterator(const NumberInput& input) : input_(input), next_(input.first_) {}
    Result<std::optional<Batch>> Next() override {
      if (next_ == input_.last_) return std::optional<Batch>();
      const int64_t number = next_++;
      if (number == input_.broken_) return DataLossError("number {} is broken", number);
      Batch example;
      example.features.emplace("x", tf::Tensor::Scalar(number));
      return std::optional<Batch>(std::move(example));
    }
    std::string Save() const override {
      return PositionWriter("numbers").Number(static_cast<uint64_t>(next_)).str();
    }
    Status Restore(const std::string& bytes) override {
      PositionReader position("numbers", bytes);
      next_ = static_cast<int64_t>(position.Number());
      return position.End();
    }

   private:
    const NumberInput& input_;
    int64_t next_;
  };

  const int64_t first_;
  const int64_t last_;
  const int64_t broken_;
  InputSpec spec_;
};

inline InputPtr Range(int64_t first, int64_t last) {
  return std::make_shared<NumberInput>(first, last);
}

// The numbers of an example or of a batch.
inline std::vector<int64_t> NumbersOf(const Batch& batch) {
  const std::span<const int64_t> numbers = batch.features.at("x").data<int64_t>();
  return {numbers.begin(), numbers.end()};
}

// All numbers that an iterator still gives, at most `limit` elements of them.
inline std::vector<int64_t> Drain(BatchIterator& iterator, size_t limit = 1'000'000) {
  std::vector<int64_t> all;
  for (size_t i = 0; i < limit; ++i) {
    const std::optional<Batch> batch = iterator.Next().value();
    if (!batch.has_value()) break;
    for (const int64_t number : NumbersOf(*batch)) all.push_back(number);
  }
  return all;
}
inline std::vector<int64_t> Drain(const InputPtr& input, size_t limit = 1'000'000) {
  return Drain(*input->MakeIterator().value(), limit);
}

}  // namespace trainyard::train::testing
