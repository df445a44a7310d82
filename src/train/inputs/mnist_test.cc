#include "train/inputs/mnist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "train/inputs/idx.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MnistTest : public ::testing::Test {
 protected:
  template <class T>
  void Write(const std::string& name, const tf::Shape& shape, const std::vector<T>& values) {
    ASSERT_TRUE(
        WriteFileAtomically(Path(name), FormatIdx(tf::Tensor::FromValues<T>(shape, values))).ok());
  }
  void WriteImages(int64_t count, int64_t side = 28) {
    Write("t10k-images-idx3-ubyte", {count, side, side},
          std::vector<uint8_t>(static_cast<size_t>(count * side * side), 9));
  }
  void WriteLabels(const std::vector<uint8_t>& labels) {
    Write("t10k-labels-idx1-ubyte", {static_cast<int64_t>(labels.size())}, labels);
  }
  std::string Path(const std::string& name) { return JoinPath(directory_.path(), name); }
  std::string Message() {
    return LoadMnist(directory_.path(), MnistPart::kTest).status().message();
  }

  TemporaryDirectory directory_;
};

TEST_F(MnistTest, LoadsImagesAndLabels) {
  WriteImages(3);
  WriteLabels({0, 9, 4});
  const Result<Arrays> digits = LoadMnist(directory_.path(), MnistPart::kTest);
  ASSERT_TRUE(digits.ok()) << digits.status();
  EXPECT_THAT(digits->features.at("image").shape(), ElementsAre(3, 28, 28, 1));
  EXPECT_EQ(digits->features.at("image").dtype(), tf::DataType::kUint8);
  EXPECT_THAT(digits->labels.data<int32_t>(), ElementsAre(0, 9, 4));
}

TEST_F(MnistTest, AMissingFileIsNamedWithTheRemedy) {
  EXPECT_EQ(Message(), "cannot read " + Path("t10k-images-idx3-ubyte") +
                           ": no such file; give the directory that holds the four MNIST files, or"
                           " fetch them with 'tools/setup.sh'");
  EXPECT_EQ(LoadMnist(directory_.path(), MnistPart::kTrain).status().code(), StatusCode::kNotFound);
}

TEST_F(MnistTest, CountsThatDifferAreRefused) {
  WriteImages(3);
  WriteLabels({1, 2});
  EXPECT_THAT(Message(), HasSubstr("holds 3 images, but"));
  EXPECT_THAT(Message(), HasSubstr("holds 2 labels: the files do not belong together"));
}

TEST_F(MnistTest, ImagesOfAnotherSizeAreRefused) {
  WriteImages(2, 32);
  WriteLabels({1, 2});
  EXPECT_THAT(Message(), HasSubstr("uint8 [n,28,28] was expected, it holds uint8 [2,32,32]"));
}

TEST_F(MnistTest, SwappedFilesAreRefused) {
  Write("t10k-images-idx3-ubyte", {2}, std::vector<uint8_t>{1, 2});
  EXPECT_THAT(Message(), HasSubstr("uint8 [n,28,28] was expected, it holds uint8 [2]"));
  WriteImages(2);
  Write("t10k-labels-idx1-ubyte", {1, 2}, std::vector<int32_t>{1, 2});
  EXPECT_THAT(Message(), HasSubstr("uint8 [n] was expected, it holds int32 [1,2]"));
}

TEST_F(MnistTest, LabelsAboveNineAreRefused) {
  WriteImages(3);
  WriteLabels({1, 10, 2});
  EXPECT_THAT(Message(), HasSubstr("number 1 is 10, digits are 0 to 9"));
}

}  // namespace
}  // namespace trainyard::train
