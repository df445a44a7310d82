#include "train/inputs/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>

#include "train/testing/number_input.h"

namespace trainyard::train {
namespace {

using testing::Drain;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::NumberInput;
using testing::NumbersOf;
using testing::Range;

std::vector<int64_t> Iota(int64_t count) {
  std::vector<int64_t> numbers(static_cast<size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

std::vector<int64_t> Sorted(std::vector<int64_t> numbers) {
  std::ranges::sort(numbers);
  return numbers;
}

// "x" times ten, the later elements sooner than the earlier ones.
Result<Batch> SlowTenfold(Batch element, Random& /*random*/) {
  const int64_t x = element.features.at("x").scalar<int64_t>();
  std::this_thread::sleep_for(std::chrono::microseconds(200 * (7 - x % 8)));
  element.features["x"] = tf::Tensor::Scalar<int64_t>(10 * x);
  return element;
}

// An example of as many values as its number says.
Result<Batch> AsManyValues(Batch element, Random& /*random*/) {
  const int64_t x = element.features.at("x").scalar<int64_t>();
  element.features["x"] = tf::Tensor::FromVector(std::vector<int64_t>(static_cast<size_t>(x), x));
  return element;
}

TEST(ShuffleTest, EveryElementComesOnceInAnOrderOfItsSeed) {
  const auto order = [](uint64_t seed) {
    return Drain(Shuffle(Range(0, 100), {.buffer_size = 10, .seed = seed}).value());
  };
  EXPECT_EQ(Sorted(order(1)), Iota(100));
  EXPECT_EQ(order(1), order(1));
  EXPECT_NE(order(1), order(2));
  EXPECT_NE(order(1), Iota(100));
  // A number can come early by less than the buffer.
  const std::vector<int64_t> numbers = order(1);
  for (size_t i = 0; i < numbers.size(); ++i) EXPECT_LT(numbers[i], static_cast<int64_t>(i) + 10);
}

TEST(ShuffleTest, AWholeBufferGivesEveryOrderAlike) {
  // Where number 0 of 4 lands, over many seeds: a quarter each.
  std::vector<int> places(4);
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    const auto numbers = Drain(Shuffle(Range(0, 4), {.buffer_size = 4, .seed = seed}).value());
    ++places[static_cast<size_t>(std::ranges::find(numbers, 0) - numbers.begin())];
  }
  for (const int count : places) EXPECT_NEAR(count, 1000, 120);
}

TEST(RepeatTest, RepeatsAndReshuffles) {
  EXPECT_THAT(Drain(Repeat(Range(0, 2), 3).value()), ElementsAre(0, 1, 0, 1, 0, 1));
  EXPECT_THAT(Drain(Repeat(Range(0, 2)).value(), 5), ElementsAre(0, 1, 0, 1, 0));
  EXPECT_THAT(Drain(Repeat(Range(0, 0)).value()), IsEmpty());
  const auto numbers =
      Drain(*Pipeline(Range(0, 50)).Shuffle({.buffer_size = 50, .seed = 1}).Repeat(2).Build());
  const std::vector<int64_t> first(numbers.begin(), numbers.begin() + 50);
  const std::vector<int64_t> second(numbers.begin() + 50, numbers.end());
  EXPECT_EQ(Sorted(first), Iota(50));
  EXPECT_EQ(Sorted(second), Iota(50));
  EXPECT_NE(first, second);
}

TEST(MapTest, KeepsTheOrderWithAnyNumberOfThreads) {
  for (const int threads : {1, 2, 5}) {
    const auto numbers = Drain(Map(Range(0, 40), SlowTenfold, {.num_threads = threads}).value());
    ASSERT_EQ(numbers.size(), 40u);
    for (size_t i = 0; i < 40; ++i) EXPECT_EQ(numbers[i], static_cast<int64_t>(10 * i));
  }
}

TEST(MapTest, RandomNumbersDoNotDependOnThreads) {
  const auto numbers = [](int threads, uint64_t seed) {
    const MapFn fn = [](Batch element, Random& random) -> Result<Batch> {
      element.features["x"] = tf::Tensor::Scalar(static_cast<int64_t>(random.Below(1000)));
      return element;
    };
    return Drain(
        *Pipeline(Range(0, 20)).Map(fn, {.num_threads = threads, .seed = seed}).Repeat(2).Build());
  };
  EXPECT_EQ(numbers(1, 7), numbers(4, 7));
  EXPECT_NE(numbers(1, 7), numbers(1, 8));
  const auto both = numbers(1, 7);
  EXPECT_FALSE(std::equal(both.begin(), both.begin() + 20, both.begin() + 20));
}

TEST(MapTest, AFailureEndsOrIsSkippedAndCounted) {
  const MapFn fn = [](Batch element, Random& /*random*/) -> Result<Batch> {
    const int64_t x = element.features.at("x").scalar<int64_t>();
    if (x % 3 == 1) return DataLossError("bad {}", x);
    return element;
  };
  for (const int threads : {1, 3}) {
    const auto strict = Map(Range(0, 5), fn, {.num_threads = threads}).value();
    const auto iterator = strict->MakeIterator().value();
    EXPECT_THAT(NumbersOf(*iterator->Next().value()), ElementsAre(0));
    EXPECT_EQ(iterator->Next().status().message(), "bad 1");
    const auto counter = std::make_shared<SkipCounter>();
    const auto numbers =
        Drain(Map(Range(0, 5), fn, {.num_threads = threads, .skip_failed = counter}).value());
    EXPECT_THAT(numbers, ElementsAre(0, 2, 3));
    EXPECT_EQ(counter->count(), 2);
  }
}

TEST(BatchUpTest, StacksExamplesAndKeepsOrDropsTheRest) {
  const auto input = BatchUp(Range(0, 5), {.batch_size = 2}).value();
  EXPECT_THAT(input->spec().features.at("x").shape, ElementsAre(-1));
  const auto iterator = input->MakeIterator().value();
  EXPECT_THAT(NumbersOf(*iterator->Next().value()), ElementsAre(0, 1));
  EXPECT_THAT(NumbersOf(*iterator->Next().value()), ElementsAre(2, 3));
  EXPECT_THAT(NumbersOf(*iterator->Next().value()), ElementsAre(4));
  EXPECT_FALSE(iterator->Next().value().has_value());
  EXPECT_THAT(Drain(BatchUp(Range(0, 5), {.batch_size = 2, .drop_remainder = true}).value()),
              ElementsAre(0, 1, 2, 3));
}

TEST(BatchUpTest, PadsToTheLongest) {
  const InputSpec spec{.features = {{"x", {.dtype = tf::DataType::kInt64, .shape = {-1}}}},
                       .labels = std::nullopt};
  Pipeline lists(Range(1, 4));
  lists.Map(AsManyValues, {.spec = spec});
  const auto refused = BatchUp(*lists.Build(), {.batch_size = 3}).value();
  EXPECT_EQ(refused->MakeIterator().value()->Next().status().message(),
            "cannot batch feature \"x\": its shape is [1] in one example and [2] in another; padded"
            " batches take both");
  const auto input =
      BatchUp(*lists.Build(), {.batch_size = 3, .pad = true, .pad_values = {{"x", -1}}}).value();
  EXPECT_THAT(input->spec().features.at("x").shape, ElementsAre(-1, -1));
  const Batch batch = *input->MakeIterator().value()->Next().value();
  EXPECT_THAT(batch.features.at("x").shape(), ElementsAre(3, 3));
  EXPECT_THAT(NumbersOf(batch), ElementsAre(1, -1, -1, 2, 2, -1, 3, 3, 3));
}

TEST(BatchUpTest, WhatTheSpecDoesNotPromiseIsNamed) {
  const MapFn floats = [](Batch element, Random& /*random*/) -> Result<Batch> {
    element.features["x"] = tf::Tensor::Scalar(1.0f);
    return element;
  };
  const auto input = *Pipeline(Range(0, 2)).Map(floats).BatchUp({.batch_size = 2}).Build();
  EXPECT_EQ(input->MakeIterator().value()->Next().status().message(),
            "\"x\" of an example is float, its input promises int64");
}

TEST(CacheTest, TheSourceRunsOnce) {
  std::atomic<int> calls = 0;
  const MapFn count = [&calls](Batch element, Random& /*random*/) -> Result<Batch> {
    ++calls;
    return element;
  };
  const auto input = *Pipeline(Range(0, 5)).Map(count).Cache().Repeat(3).Build();
  EXPECT_THAT(Drain(input), ElementsAre(0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4));
  EXPECT_EQ(Drain(input).size(), 15u);
  EXPECT_EQ(calls, 5);
}

TEST(PrefetchTest, WorksAheadAndGivesTheSame) {
  std::atomic<int> calls = 0;
  const MapFn count = [&calls](Batch element, Random& /*random*/) -> Result<Batch> {
    ++calls;
    return element;
  };
  const auto input = *Pipeline(Range(0, 100)).Map(count).Prefetch({.buffer_size = 3}).Build();
  const auto iterator = input->MakeIterator().value();
  EXPECT_THAT(NumbersOf(*iterator->Next().value()), ElementsAre(0));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (calls < 4 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(calls, 4);  // and no more than the buffer takes
  EXPECT_EQ(Drain(*iterator).size(), 99u);
  EXPECT_FALSE(iterator->Next().value().has_value());
}

TEST(PrefetchTest, AnErrorComesInItsPlace) {
  const auto input = Prefetch(std::make_shared<NumberInput>(0, 5, 2)).value();
  const auto iterator = input->MakeIterator().value();
  EXPECT_THAT(NumbersOf(*iterator->Next().value()), ElementsAre(0));
  EXPECT_THAT(NumbersOf(*iterator->Next().value()), ElementsAre(1));
  EXPECT_EQ(iterator->Next().status().message(), "number 2 is broken");
}

TEST(InterleaveTest, TakesTurns) {
  const std::vector<InputPtr> inputs = {Range(0, 2), Range(10, 15), Range(20, 21), Range(30, 33)};
  EXPECT_THAT(Drain(Interleave(inputs).value()),
              ElementsAre(0, 1, 10, 11, 12, 13, 14, 20, 30, 31, 32));
  // tf.data.Dataset.interleave(cycle_length=2, block_length=2) of the same ranges.
  EXPECT_THAT(Drain(Interleave(inputs, {.cycle_length = 2, .block_length = 2}).value()),
              ElementsAre(0, 1, 10, 11, 12, 13, 20, 14, 30, 31, 32));
}

TEST(InterleaveTest, WorkersShareInputsWhereThereAreEnoughElseElements) {
  const auto part = [](std::vector<InputPtr> inputs, int index, int count) {
    return Drain(
        Interleave(std::move(inputs), {.shard = {.index = index, .count = count}}).value());
  };
  const std::vector<InputPtr> three = {Range(0, 2), Range(10, 12), Range(20, 22)};
  EXPECT_THAT(part(three, 0, 2), ElementsAre(0, 1, 20, 21));
  EXPECT_THAT(part(three, 1, 2), ElementsAre(10, 11));
  EXPECT_THAT(part({Range(0, 5)}, 0, 2), ElementsAre(0, 2, 4));
  EXPECT_THAT(part({Range(0, 5)}, 1, 2), ElementsAre(1, 3));
}

TEST(PipelineTest, BadOptionsAreOneClearLineFromBuild) {
  const auto message = [](Pipeline& pipeline) { return pipeline.Build().status().message(); };
  Pipeline range(Range(0, 5));
  EXPECT_EQ(message(Pipeline(range).Shuffle({.buffer_size = 0}).Repeat()),
            "Shuffle: buffer_size is 0: it must be at least 1");
  EXPECT_EQ(message(Pipeline(range).Repeat(0)), "Repeat: count is 0: it must be at least 1");
  EXPECT_EQ(message(Pipeline(range).BatchUp({.batch_size = 0})),
            "BatchUp: batch_size is 0: it must be at least 1");
  EXPECT_EQ(message(Pipeline(range).BatchUp({.pad_values = {{"y", 1}}})),
            "BatchUp: pad_values has a value for \"y\", which is no feature");
  EXPECT_EQ(message(Pipeline(range).Prefetch({.buffer_size = 0})),
            "Prefetch: buffer_size is 0: it must be at least 1");
  EXPECT_EQ(message(Pipeline(range).ShardExamples({.index = 2, .count = 2})),
            "shard 2 of 2 does not exist");
  EXPECT_THAT(Interleave({Range(0, 2)}, {.shuffle = true, .shard = {.index = 0, .count = 2}})
                  .status()
                  .message(),
              HasSubstr("they need a seed to agree on the order"));
}

}  // namespace
}  // namespace trainyard::train
