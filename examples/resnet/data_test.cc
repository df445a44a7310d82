#include "resnet/data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "train/inputs/idx.h"

namespace resnet {
namespace {

using namespace trainyard;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::HasSubstr;

// A directory with the four files: images of one grey to train on, of another to test on.
class DataTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Write("train", 7, 200);
    Write("t10k", 3, 100);
  }
  void Write(const std::string& part, int64_t count, uint8_t grey) {
    const std::vector<uint8_t> pixels(static_cast<size_t>(count) * 784, grey);
    const std::vector<uint8_t> labels(static_cast<size_t>(count), 4);
    WriteIdx(part + "-images-idx3-ubyte", tf::Tensor::FromValues<uint8_t>({count, 28, 28}, pixels));
    WriteIdx(part + "-labels-idx1-ubyte", tf::Tensor::FromValues<uint8_t>({count}, labels));
  }
  void WriteIdx(const std::string& name, const tf::Tensor& tensor) {
    ASSERT_TRUE(
        WriteFileAtomically(JoinPath(directory_.path(), name), train::FormatIdx(tensor)).ok());
  }
  Result<Data> Load(std::string_view role) {
    train::RunConfig config;
    config.task.type = role;
    return LoadData(directory_.path(), 2, 1, config);
  }

  TemporaryDirectory directory_;
};

TEST_F(DataTest, ARoleGetsOnlyWhatItNeeds) {
  const struct {
    std::string_view role;
    bool trains;
    bool evaluates;
  } table[] = {{spec::kChief, true, true},
               {spec::kWorker, true, true},
               {spec::kEvaluator, false, true},
               {spec::kPs, false, false}};
  for (const auto& row : table) {
    const Result<Data> data = Load(row.role);
    ASSERT_TRUE(data.ok()) << data.status();
    EXPECT_EQ(data->train != nullptr, row.trains) << row.role;
    EXPECT_EQ(data->test != nullptr, row.evaluates) << row.role;
  }
}

TEST_F(DataTest, ImagesToTrainOnComeForEverAndAreMovedThoseToTestOnNot) {
  const Data data = Load(spec::kWorker).value();
  const auto forever = data.train->MakeIterator().value();
  bool moved = false;
  for (int i = 0; i < 20; ++i) {
    const auto batch = forever->Next().value();
    const std::span<const uint8_t> pixels = batch->features.at("image").data<uint8_t>();
    EXPECT_THAT(pixels, Each(AnyOf(0, 200)));
    moved = moved || std::ranges::count(pixels, uint8_t{0}) > 0;
  }
  EXPECT_TRUE(moved);
  const auto once = data.test->MakeIterator().value();
  EXPECT_THAT(once->Next().value()->features.at("image").data<uint8_t>(), Each(100));
  EXPECT_FALSE(once->Next().value().has_value());
}

TEST_F(DataTest, AMissingFileIsNamed) {
  ASSERT_TRUE(RemoveRecursively(JoinPath(directory_.path(), "t10k-labels-idx1-ubyte")).ok());
  EXPECT_THAT(Load(spec::kWorker).status().message(), HasSubstr("t10k-labels-idx1-ubyte"));
}

}  // namespace
}  // namespace resnet
