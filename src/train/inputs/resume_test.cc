// Stopping after every element and going on from the position gives what would have come.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "train/inputs/pipeline.h"
#include "train/testing/number_input.h"

namespace trainyard::train {
namespace {

using testing::Drain;
using testing::NumbersOf;
using testing::Range;

Result<Batch> AddRandom(Batch element, Random& random) {
  const int64_t x = element.features.at("x").scalar<int64_t>();
  element.features["x"] = tf::Tensor::Scalar(x + 1000 * static_cast<int64_t>(random.Below(100)));
  return element;
}

Result<Batch> RefuseSevens(Batch element, Random& /*random*/) {
  if (element.features.at("x").scalar<int64_t>() % 7 == 0) return DataLossError("a seven");
  return element;
}

InputPtr Parts(int cycle_length) {
  return Interleave({Range(0, 7), Range(10, 25), Range(30, 31), Range(40, 49)},
                    {.cycle_length = cycle_length, .block_length = 2, .shuffle = true, .seed = 3})
      .value();
}

InputPtr Arrays100(std::optional<uint64_t> seed) {
  std::vector<int64_t> x(23);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<int64_t>(i);
  Arrays arrays;
  arrays.features["x"] = tf::Tensor::FromVector(x);
  return ArrayInput::Create(std::move(arrays),
                            {.batch_size = 4, .shuffle = true, .seed = seed, .epochs = 4})
      .value();
}

struct Case {
  std::string name;
  InputPtr input;
};

std::vector<Case> Cases() {
  const auto skipped = std::make_shared<SkipCounter>();
  return {
      {"Array", Arrays100(5)},
      {"ArrayWithoutSeed", Arrays100(std::nullopt)},
      {"Shuffle", Shuffle(Range(0, 90), {.buffer_size = 8, .seed = 1}).value()},
      {"ShuffleWithoutSeed", Shuffle(Range(0, 60), {.buffer_size = 100}).value()},
      {"Repeat", *Pipeline(Range(0, 9)).Shuffle({.buffer_size = 4}).Repeat(5).Build()},
      {"Batch",
       *Pipeline(Range(0, 50)).Shuffle({.buffer_size = 9}).BatchUp({.batch_size = 3}).Build()},
      {"Map", Map(Range(0, 70), AddRandom, {.seed = 1}).value()},
      {"MapWithThreads", Map(Range(0, 70), AddRandom, {.num_threads = 3}).value()},
      {"MapThatSkips",
       Map(Range(0, 70), RefuseSevens, {.num_threads = 3, .skip_failed = skipped}).value()},
      {"Cache", *Pipeline(Range(0, 12)).Cache().Shuffle({.buffer_size = 5}).Repeat(3).Build()},
      {"Prefetch", Prefetch(Range(0, 70), {.buffer_size = 5}).value()},
      {"InterleaveOne", Parts(1)},
      {"InterleaveThree", Repeat(Parts(3), 2).value()},
      {"Shard", ShardExamples(Range(0, 60), {.index = 1, .count = 3}).value()},
      {"Everything", *Pipeline(Parts(2))
                          .Cache()
                          .Shuffle({.buffer_size = 10, .seed = 1})
                          .Repeat(4)
                          .Map(AddRandom, {.num_threads = 3, .seed = 2})
                          .BatchUp({.batch_size = 5})
                          .Prefetch({.buffer_size = 2})
                          .Build()},
  };
}

class ResumeTest : public ::testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(All, ResumeTest, ::testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param.name; });

// For each k: draws k elements, saves, draws one or two more that are lost with the process, and
// goes on in another iterator; that one is stopped at once again and gone on from.
TEST_P(ResumeTest, NothingIsRepeatedOrLeftOutWhereverItIsCut) {
  const Input& input = *GetParam().input;
  for (size_t k = 0;; ++k) {
    const auto first = input.MakeIterator().value();
    std::optional<Batch> last;
    for (size_t i = 0; i < k; ++i) last = first->Next().value();
    const std::string position = first->Save();
    // Asking changes nothing; what works ahead may say the same place in other words by now.
    const std::string asked_again = first->Save();
    const std::vector<int64_t> expected = Drain(*first);

    const auto second = input.MakeIterator().value();
    if (k % 2 == 0) (void)second->Next().value();  // a used iterator goes back as well
    ASSERT_TRUE(second->Restore(k % 3 == 0 ? asked_again : position).ok()) << k;
    const std::string again = second->Save();
    const auto third = input.MakeIterator().value();
    ASSERT_TRUE(third->Restore(again).ok()) << k;
    EXPECT_EQ(Drain(*second), expected) << "cut after " << k;
    EXPECT_EQ(Drain(*third), expected) << "cut after " << k << " twice";
    if (k > 0 && !last.has_value()) break;  // beyond the end
  }
}

TEST_P(ResumeTest, ManyCutsInARowGiveTheSame) {
  const Input& input = *GetParam().input;
  const auto whole = input.MakeIterator().value();
  const std::string start = whole->Save();
  const std::vector<int64_t> expected = Drain(*whole);
  std::vector<int64_t> numbers;
  std::string position = start;
  while (true) {
    const auto iterator = input.MakeIterator().value();
    ASSERT_TRUE(iterator->Restore(position).ok());
    const std::optional<Batch> next = iterator->Next().value();
    if (!next.has_value()) break;
    for (const int64_t number : NumbersOf(*next)) numbers.push_back(number);
    position = iterator->Save();
  }
  EXPECT_EQ(numbers, expected);
}

TEST_P(ResumeTest, DamagedPositionsAreRefusedAndNeverCrash) {
  const Input& input = *GetParam().input;
  const auto iterator = input.MakeIterator().value();
  for (int i = 0; i < 5; ++i) (void)iterator->Next().value();
  const std::string position = iterator->Save();
  std::mt19937 random(1);
  for (size_t at = 0; at < position.size(); ++at) {
    EXPECT_FALSE(input.MakeIterator().value()->Restore(position.substr(0, at)).ok() && at > 0);
    std::string damaged = position;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 7));
    (void)input.MakeIterator().value()->Restore(damaged).ok();
  }
  EXPECT_THAT(input.MakeIterator().value()->Restore("\x0a\x03xyz").message(),
              ::testing::HasSubstr("saved by another pipeline"));
}

}  // namespace
}  // namespace trainyard::train
