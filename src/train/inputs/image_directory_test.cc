#include "train/inputs/image_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tf/ops.h"
#include "tf/session.h"
#include "train/inputs/pipeline.h"

namespace trainyard::train {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A picture of one colour, encoded by TensorFlow.
std::string Encode(const char* op, int64_t side, std::vector<uint8_t> colour) {
  const auto channels = static_cast<int64_t>(colour.size());
  std::vector<uint8_t> pixels;
  for (int64_t i = 0; i < side * side; ++i) {
    pixels.insert(pixels.end(), colour.begin(), colour.end());
  }
  tf::Graph graph;
  const tf::Scope scope(&graph);
  const tf::Output file =
      scope.Op(op)
          .In(tf::Const(scope, tf::Tensor::FromValues<uint8_t>({side, side, channels}, pixels)))
          .Out();
  const auto session = tf::Session::Create(graph, {}).value();
  return session->Run({}, {file}, {}).value()[0].strings()[0];
}

class ImageDirectoryTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& bytes) {
    const std::string path = JoinPath(dir_.path(), name);
    ASSERT_TRUE(MakeDirectories(path.substr(0, path.rfind('/'))).ok());
    ASSERT_TRUE(WriteFileAtomically(path, bytes, false).ok());
  }
  // Two cats and three dogs, and what is no picture.
  void WriteAnimals() {
    Write("dogs/b.png", Encode("EncodePng", 4, {10, 20, 30}));
    Write("dogs/a.JPG", Encode("EncodeJpeg", 8, {90, 90, 90}));
    Write("dogs/old/c.png", Encode("EncodePng", 4, {7}));
    Write("cats/2.jpeg", Encode("EncodeJpeg", 8, {200, 200, 200}));
    Write("cats/1.png", Encode("EncodePng", 2, {1, 2, 3, 255}));
    Write("cats/notes.txt", "no picture");
    Write(".hidden/x.png", "x");
  }
  ImageDirectory Read(const ImageDirectoryOptions& options) {
    auto read = ReadImageDirectory(dir_.path(), options);
    EXPECT_TRUE(read.ok()) << read.status();
    return std::move(read).value();
  }
  static std::vector<int32_t> Labels(const InputPtr& input) {
    std::vector<int32_t> labels;
    const auto iterator = input->MakeIterator().value();
    while (const auto next = iterator->Next().value()) {
      labels.push_back(next->labels.scalar<int32_t>());
    }
    return labels;
  }

  TemporaryDirectory dir_;
};

TEST_F(ImageDirectoryTest, ClassesAreFoldersInTheOrderOfNames) {
  WriteAnimals();
  const ImageDirectory animals = Read({.height = 3, .width = 5, .shuffle = false});
  EXPECT_THAT(animals.class_names, ElementsAre("cats", "dogs"));
  EXPECT_EQ(animals.num_files, 5);
  EXPECT_THAT(animals.input->spec().features.at("image").shape, ElementsAre(3, 5, 3));
  const InputPtr batches = BatchUp(animals.input, {.batch_size = 10}).value();
  const Batch batch = *batches->MakeIterator().value()->Next().value();
  EXPECT_THAT(batch.labels.data<int32_t>(), ElementsAre(0, 0, 1, 1, 1));
  const tf::Tensor& images = batch.features.at("image");
  EXPECT_THAT(images.shape(), ElementsAre(5, 3, 5, 3));
  const auto pixel = [&](size_t image) {
    const auto values = images.data<float>().subspan(image * 45 + 21, 3);
    return std::vector<float>(values.begin(), values.end());
  };
  EXPECT_THAT(pixel(0), ElementsAre(1, 2, 3));
  EXPECT_THAT(pixel(1), Each(200));
  EXPECT_THAT(pixel(2), Each(90));
  EXPECT_THAT(pixel(3), ElementsAre(10, 20, 30));
  EXPECT_THAT(pixel(4), Each(7));
}

TEST_F(ImageDirectoryTest, ShufflesByItsSeedWithAnyNumberOfThreads) {
  WriteAnimals();
  const auto labels = [&](uint64_t seed, int threads) {
    return Labels(
        *Pipeline(Read({.height = 2, .width = 2, .seed = seed, .num_threads = threads}).input)
             .Repeat(4)
             .Build());
  };
  EXPECT_EQ(labels(1, 1), labels(1, 3));
  EXPECT_NE(labels(1, 1), labels(2, 1));
  EXPECT_EQ(std::ranges::count(labels(1, 1), 0), 8);
}

TEST_F(ImageDirectoryTest, WorkersShareTheFiles) {
  WriteAnimals();
  const auto part = [&](int index) {
    return Labels(Read({.shuffle = false, .shard = {.index = index, .count = 2}}).input);
  };
  EXPECT_THAT(part(0), ElementsAre(0, 1, 1));
  EXPECT_THAT(part(1), ElementsAre(0, 1));
  EXPECT_THAT(
      ReadImageDirectory(dir_.path(), {.shard = {.index = 0, .count = 2}}).status().message(),
      HasSubstr("they need a seed"));
}

TEST_F(ImageDirectoryTest, UnreadablePicturesAreNamedInOneLineOrSkipped) {
  WriteAnimals();
  const std::string whole = Encode("EncodePng", 4, {1, 2, 3});
  Write("dogs/a.png", whole.substr(0, whole.size() / 2));
  Write("dogs/b.png", "");
  const ImageDirectory strict = Read({.shuffle = false});
  const auto iterator = strict.input->MakeIterator().value();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(iterator->Next().ok());  // a.JPG comes before a.png
  const Status status = iterator->Next().status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(),
              StartsWith("cannot decode " + JoinPath(dir_.path(), "dogs/a.png") + ": "));
  EXPECT_EQ(status.message().find('\n'), std::string::npos);
  const auto skipped = std::make_shared<SkipCounter>();
  const ImageDirectory lenient = Read({.shuffle = false, .skip_broken = skipped});
  EXPECT_THAT(Labels(lenient.input), ElementsAre(0, 0, 1, 1));
  EXPECT_EQ(skipped->count(), 2);
}

TEST_F(ImageDirectoryTest, MistakesAreOneLine) {
  const auto message = [&](const ImageDirectoryOptions& options) {
    return ReadImageDirectory(dir_.path(), options).status().message();
  };
  EXPECT_EQ(message({}), dir_.path() + " has no folder for any class of pictures");
  Write("cats/notes.txt", "no picture");
  EXPECT_EQ(message({}), dir_.path() + " has no pictures in its folders");
  EXPECT_EQ(message({.class_names = {"cats", "mice"}}),
            dir_.path() + " has no folder for class \"mice\"");
  EXPECT_THAT(message({.channels = 2}), HasSubstr("channels is 2: it must be 1, 3 or 4"));
  EXPECT_THAT(message({.height = 0}), HasSubstr("pictures of 0x256"));
  EXPECT_EQ(ReadImageDirectory("/nothing", {}).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace trainyard::train
