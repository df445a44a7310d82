#include "train/inputs/row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/inputs/pipeline.h"
#include "train/testing/number_input.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using testing::Range;

// Example `i`: "x" is i and i + 1, "name" a string that holds i, the label -i.
Batch Example(int64_t i) {
  Batch example;
  example.features["x"] = tf::Tensor::FromVector(std::vector<float>{float(i), float(i + 1)});
  example.features["name"] =
      tf::Tensor::StringScalar("a name that is not short: " + std::to_string(i));
  example.labels = tf::Tensor::Scalar(-i);
  return example;
}

void ExpectExample(const Batch& example, int64_t i) {
  ASSERT_EQ(example.features.size(), 2u);
  EXPECT_EQ(example.features.at("x").shape(), (tf::Shape{2}));
  EXPECT_THAT(example.features.at("x").data<float>(), ElementsAre(float(i), float(i + 1)));
  EXPECT_EQ(example.features.at("name").shape(), tf::Shape{});
  EXPECT_EQ(example.features.at("name").strings()[0],
            "a name that is not short: " + std::to_string(i));
  EXPECT_EQ(example.labels.scalar<int64_t>(), -i);
}

TEST(RowTest, AnExampleOfItsOwnIsGivenAwayACopiedOneCopied) {
  Row row(Example(3));
  Row shared = row;
  const Batch copy = std::move(shared).ToExample();
  const Batch original = std::move(row).ToExample();
  ExpectExample(copy, 3);
  ExpectExample(original, 3);
  EXPECT_NE(copy.features.at("x").raw(), original.features.at("x").raw());
}

TEST(RowTest, BlocksHoldTheSameExamples) {
  std::vector<Row> rows;
  for (int64_t i = 0; i < 3000; ++i) rows.emplace_back(Example(i));
  rows = InBlocks(std::move(rows));
  ASSERT_EQ(rows.size(), 3000u);
  for (const int64_t i : {0, 1, 1023, 1024, 2999}) {
    const Row& row = rows[static_cast<size_t>(i)];
    EXPECT_NE(row.block(), nullptr);
    ExpectExample(Row(row).ToExample(), i);
  }
  EXPECT_EQ(rows[0].block(), rows[1023].block());
  EXPECT_NE(rows[0].block(), rows[1024].block());
}

TEST(RowTest, ExamplesOfOtherShapesOrWithoutAFeatureStayAlone) {
  Batch longer = Example(1);
  longer.features["x"] = tf::Tensor::FromVector(std::vector<float>{1, 2, 3});
  Batch poorer = Example(1);
  poorer.features.erase("name");
  Batch richer = Example(1);
  richer.features["more"] = tf::Tensor::Scalar(1.0f);
  Batch unlabelled = Example(1);
  unlabelled.labels = {};
  for (Batch* other : {&longer, &poorer, &richer, &unlabelled}) {
    std::vector<Row> rows;
    rows.emplace_back(Example(0));
    rows.emplace_back(std::move(*other));
    rows = InBlocks(std::move(rows));
    EXPECT_EQ(rows[0].block(), nullptr);
    ExpectExample(std::move(rows[0]).ToExample(), 0);
  }
}

// A cached pipeline gathers from blocks in its second pass; the batches must be those of the first.
TEST(RowTest, CachedBatchesAreTheSameAsReadOnes) {
  const MapFn named = [](Batch element, Random&) -> Result<Batch> {
    return Example(element.features.at("x").scalar<int64_t>());
  };
  InputSpec spec;
  spec.features["x"] = {.dtype = tf::DataType::kFloat, .shape = {2}};
  spec.features["name"] = {.dtype = tf::DataType::kString, .shape = {}};
  spec.labels = FeatureSpec{.dtype = tf::DataType::kInt64, .shape = {}};
  const InputPtr input = *Pipeline(Range(0, 25))
                              .Map(named, {.spec = spec})
                              .Cache()
                              .Repeat(2)
                              .BatchUp({.batch_size = 10})
                              .Build();
  const auto batches = input->MakeIterator().value();
  for (int64_t batch = 0; batch < 5; ++batch) {
    const Batch whole = std::move(*batches->Next().value());
    EXPECT_EQ(whole.features.at("x").shape(), (tf::Shape{10, 2}));
    const std::vector<std::string> names = whole.features.at("name").strings();
    for (int64_t i = 0; i < 10; ++i) {
      const auto at = static_cast<size_t>(i);
      const int64_t number = (batch * 10 + i) % 25;
      EXPECT_EQ(whole.labels.data<int64_t>()[at], -number);
      EXPECT_EQ(whole.features.at("x").data<float>()[2 * at], float(number));
      EXPECT_TRUE(names[at].ends_with(": " + std::to_string(number)));
    }
  }
  EXPECT_FALSE(batches->Next().value().has_value());
}

TEST(RowTest, CachedExamplesOfDifferentLengthsArePadded) {
  const MapFn counted = [](Batch element, Random&) -> Result<Batch> {
    const int64_t x = element.features.at("x").scalar<int64_t>();
    element.features["x"] = tf::Tensor::FromVector(std::vector<int64_t>(static_cast<size_t>(x), x));
    return element;
  };
  InputSpec spec;
  spec.features["x"] = {.dtype = tf::DataType::kInt64, .shape = {-1}};
  const InputPtr input = *Pipeline(Range(1, 3))
                              .Map(counted, {.spec = spec})
                              .Cache()
                              .Repeat(2)
                              .BatchUp({.batch_size = 2, .pad = true})
                              .Build();
  const auto batches = input->MakeIterator().value();
  for (int pass = 0; pass < 2; ++pass) {
    const Batch batch = std::move(*batches->Next().value());
    EXPECT_THAT(batch.features.at("x").data<int64_t>(), ElementsAre(1, 0, 2, 2));
  }
}

}  // namespace
}  // namespace trainyard::train
