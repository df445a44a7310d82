#include "train/inputs/array_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Examples 0, 1, ... n-1: feature "x" [n,2] holds {i, i + 100} as bytes, the label is i.
Arrays Numbers(int32_t count) {
  std::vector<uint8_t> x;
  std::vector<int32_t> labels(static_cast<size_t>(count));
  std::iota(labels.begin(), labels.end(), 0);
  for (const int32_t i : labels) {
    x.push_back(static_cast<uint8_t>(i));
    x.push_back(static_cast<uint8_t>(i + 100));
  }
  Arrays arrays;
  arrays.features.emplace("x", tf::Tensor::FromValues<uint8_t>({count, 2}, x));
  arrays.labels = tf::Tensor::FromVector(labels);
  return arrays;
}

std::unique_ptr<ArrayInput> Make(int32_t count, const ArrayInputOptions& options) {
  auto input = ArrayInput::Create(Numbers(count), options);
  EXPECT_TRUE(input.ok()) << input.status();
  return std::move(input).value();
}

std::vector<int32_t> LabelsOf(const Batch& batch) {
  const std::span<const int32_t> labels = batch.labels.data<int32_t>();
  return {labels.begin(), labels.end()};
}

// The labels of each batch, at most `limit` batches.
std::vector<std::vector<int32_t>> Batches(const Input& input, size_t limit = 1000) {
  const auto iterator = input.MakeIterator().value();
  std::vector<std::vector<int32_t>> batches;
  while (batches.size() < limit) {
    const std::optional<Batch> batch = iterator->Next().value();
    if (!batch.has_value()) break;
    batches.push_back(LabelsOf(*batch));
  }
  return batches;
}

std::vector<int32_t> Joined(const std::vector<std::vector<int32_t>>& batches) {
  std::vector<int32_t> all;
  for (const auto& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

TEST(ArrayInputTest, KeepsOrderTypesAndRows) {
  const auto input = Make(5, {.batch_size = 2});
  EXPECT_EQ(input->spec().features.at("x").dtype, tf::DataType::kUint8);
  EXPECT_THAT(input->spec().features.at("x").shape, ElementsAre(-1, 2));
  EXPECT_THAT(input->spec().labels->shape, ElementsAre(-1));
  EXPECT_EQ(input->num_examples(), 5);
  const auto iterator = input->MakeIterator().value();
  iterator->Next().value();
  const Batch second = std::move(iterator->Next().value()).value();
  EXPECT_THAT(second.features.at("x").shape(), ElementsAre(2, 2));
  EXPECT_THAT(second.features.at("x").data<uint8_t>(), ElementsAre(2, 102, 3, 103));
  EXPECT_THAT(LabelsOf(second), ElementsAre(2, 3));
}

TEST(ArrayInputTest, TheLastBatchIsSmallerOrDropped) {
  EXPECT_THAT(Batches(*Make(5, {.batch_size = 2})),
              ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3), ElementsAre(4)));
  EXPECT_THAT(Batches(*Make(5, {.batch_size = 2, .drop_remainder = true})),
              ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3)));
  EXPECT_THAT(Batches(*Make(5, {.batch_size = 8, .drop_remainder = true})), IsEmpty());
}

TEST(ArrayInputTest, BatchesRunOnFromOneEpochIntoTheNext) {
  EXPECT_THAT(Batches(*Make(3, {.batch_size = 2, .epochs = 2})),
              ElementsAre(ElementsAre(0, 1), ElementsAre(2, 0), ElementsAre(1, 2)));
  EXPECT_THAT(Batches(*Make(2, {.batch_size = 5, .epochs = std::nullopt}), 2),
              ElementsAre(ElementsAre(0, 1, 0, 1, 0), ElementsAre(1, 0, 1, 0, 1)));
}

TEST(ArrayInputTest, TheEndStaysTheEnd) {
  const auto input = Make(2, {.batch_size = 2});
  const auto iterator = input->MakeIterator().value();
  EXPECT_TRUE(iterator->Next().value().has_value());
  EXPECT_FALSE(iterator->Next().value().has_value());
  EXPECT_FALSE(iterator->Next().value().has_value());
}

TEST(ArrayInputTest, AShuffledEpochHasEveryExampleOnceInANewOrder) {
  const auto input = Make(50, {.batch_size = 7, .shuffle = true, .seed = 1, .epochs = 3});
  const std::vector<int32_t> all = Joined(Batches(*input));
  ASSERT_EQ(all.size(), 150u);
  std::set<std::vector<int32_t>> orders;
  for (size_t epoch = 0; epoch < 3; ++epoch) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(epoch * 50);
    const std::vector<int32_t> order(begin, begin + 50);
    EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
    EXPECT_EQ(std::set<int32_t>(order.begin(), order.end()).size(), 50u);
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 3u);
}

TEST(ArrayInputTest, ASeedMakesTheOrderRepeatable) {
  const auto order = [](std::optional<uint64_t> seed) {
    return Joined(Batches(*Make(50, {.batch_size = 10, .shuffle = true, .seed = seed})));
  };
  EXPECT_EQ(order(7), order(7));
  EXPECT_NE(order(7), order(8));
  EXPECT_NE(order(std::nullopt), order(std::nullopt));
}

TEST(ArrayInputTest, IteratorsAreIndependent) {
  const auto input = Make(4, {.batch_size = 2});
  const auto first = input->MakeIterator().value();
  first->Next().value();
  const auto second = input->MakeIterator().value();
  EXPECT_THAT(LabelsOf(*second->Next().value()), ElementsAre(0, 1));
  EXPECT_THAT(LabelsOf(*first->Next().value()), ElementsAre(2, 3));
}

TEST(ArrayInputTest, ShardsAreDisjointAndComplete) {
  for (const bool shuffle : {false, true}) {
    std::vector<int32_t> all;
    for (int index = 0; index < 3; ++index) {
      const std::vector<int32_t> shard = Joined(Batches(
          *Make(10, {.batch_size = 4, .shuffle = shuffle, .shard = {.index = index, .count = 3}})));
      EXPECT_EQ(shard.size(), index == 0 ? 4u : 3u);
      all.insert(all.end(), shard.begin(), shard.end());
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all, Joined(Batches(*Make(10, {}))));
  }
}

TEST(ArrayInputTest, ReplicasThatTrainShareTheExamples) {
  const auto shard = [](const char* tf_config) {
    return ShardOf(spec::ParseTfConfig(tf_config).value());
  };
  const struct {
    const char* task;
    int index;
  } table[] = {{R"({"type":"chief","index":0}})", 0},
               {R"({"type":"worker","index":0}})", 1},
               {R"({"type":"worker","index":1}})", 2}};
  // An evaluator in the cluster takes no part of the data.
  for (const std::string others : {R"("ps":["h:4"])", R"("evaluator":["h:4"])"}) {
    const std::string cluster =
        R"({"cluster":{"chief":["h:1"],"worker":["h:2","h:3"],)" + others + R"(},"task":)";
    for (const auto& row : table) {
      EXPECT_EQ(shard((cluster + row.task).c_str()).index, row.index) << others << row.task;
      EXPECT_EQ(shard((cluster + row.task).c_str()).count, 3);
    }
  }
  EXPECT_EQ(ShardOf({}).count, 1);  // alone
}

TEST(ArrayInputTest, LabelsMayBeMissing) {
  Arrays arrays = Numbers(2);
  arrays.labels = tf::Tensor();
  const auto input = ArrayInput::Create(std::move(arrays), {.batch_size = 2}).value();
  EXPECT_FALSE(input->spec().labels.has_value());
  EXPECT_TRUE(input->MakeIterator().value()->Next().value()->labels.empty());
}

TEST(ArrayInputTest, MistakesAreNamed) {
  const auto message = [](const ArrayInputOptions& options) {
    return ArrayInput::Create(Numbers(4), options).status().message();
  };
  EXPECT_EQ(message({.batch_size = 0}), "batch_size is 0: it must be at least 1");
  EXPECT_EQ(message({.epochs = 0}), "epochs is 0: it must be at least 1");
  EXPECT_EQ(message({.shard = {.index = 2, .count = 2}}), "shard 2 of 2 does not exist");
  EXPECT_EQ(message({.shard = {.index = 0, .count = 0}}), "shard 0 of 0 does not exist");
  EXPECT_EQ(message({.shard = {.index = 5, .count = 9}}),
            "nothing is left for shard 5 of 9: there are only 4 examples");
  Arrays uneven = Numbers(4);
  uneven.labels = tf::Tensor::FromVector<int32_t>({1, 2, 3});
  EXPECT_EQ(ArrayInput::Create(std::move(uneven), {}).status().message(),
            "the labels array has 3 rows where other arrays of the input have 4");
  EXPECT_THAT(ArrayInput::Create({}, {}).status().message(), HasSubstr("at least one feature"));
}

}  // namespace
}  // namespace trainyard::train
