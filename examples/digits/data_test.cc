#include "digits/data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "train/inputs/idx.h"

namespace digits {
namespace {

using namespace trainyard;
using ::testing::HasSubstr;

// A directory with MNIST's four files, the training part being larger than the test part.
class DataTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const auto& [part, count] : {std::pair("train", 7), std::pair("t10k", 3)}) {
      const std::vector<uint8_t> pixels(static_cast<size_t>(count) * 784, 1);
      const std::vector<uint8_t> labels(static_cast<size_t>(count), 4);
      Write(part + std::string("-images-idx3-ubyte"),
            tf::Tensor::FromValues<uint8_t>({count, 28, 28}, pixels));
      Write(part + std::string("-labels-idx1-ubyte"),
            tf::Tensor::FromValues<uint8_t>({count}, labels));
    }
  }
  void Write(const std::string& name, const tf::Tensor& tensor) {
    ASSERT_TRUE(
        WriteFileAtomically(JoinPath(directory_.path(), name), train::FormatIdx(tensor)).ok());
  }
  Result<Data> Load(std::string_view role) {
    train::RunConfig config;
    config.task.type = role;
    return LoadData(directory_.path(), 2, config);
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

TEST_F(DataTest, TrainingImagesComeForEverAndTestImagesOnce) {
  const Data data = Load(spec::kWorker).value();
  const auto forever = data.train->MakeIterator().value();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(forever->Next().value()->labels.num_elements(), 2);
  const auto once = data.test->MakeIterator().value();
  EXPECT_EQ(once->Next().value()->labels.num_elements(), 3);
  EXPECT_FALSE(once->Next().value().has_value());
}

TEST_F(DataTest, AMissingFileIsNamed) {
  ASSERT_TRUE(RemoveRecursively(JoinPath(directory_.path(), "t10k-labels-idx1-ubyte")).ok());
  EXPECT_THAT(Load(spec::kWorker).status().message(), HasSubstr("t10k-labels-idx1-ubyte"));
}

}  // namespace
}  // namespace digits
