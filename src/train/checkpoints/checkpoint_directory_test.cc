#include "train/checkpoints/checkpoint_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CheckpointDirectoryTest : public ::testing::Test {
 protected:
  // What a saver leaves behind for one step.
  void WriteBundle(int64_t step) {
    const std::string prefix = Path(fmt::format("model.ckpt-{}", step));
    ASSERT_TRUE(WriteFileAtomically(prefix + ".index", "i").ok());
    ASSERT_TRUE(WriteFileAtomically(prefix + ".data-00000-of-00001", "d").ok());
  }
  std::string Path(const std::string& name) const { return JoinPath(dir_.path(), name); }

  TemporaryDirectory dir_;
};

TEST_F(CheckpointDirectoryTest, KeepsTheNewestAndDeletesTheOldest) {
  CheckpointDirectory checkpoints({.directory = dir_.path(), .keep_max = 2});
  for (const int64_t step : {0, 10, 20}) {
    WriteBundle(step);
    ASSERT_TRUE(checkpoints.Add(step).ok());
  }
  EXPECT_THAT(checkpoints.NewestFirst(), ElementsAre(Path("model.ckpt-20"), Path("model.ckpt-10")));
  EXPECT_THAT(ListDirectory(dir_.path()).value(),
              ElementsAre("checkpoint", "model.ckpt-10.data-00000-of-00001", "model.ckpt-10.index",
                          "model.ckpt-20.data-00000-of-00001", "model.ckpt-20.index"));
  EXPECT_EQ(LatestCheckpoint(dir_.path()).value(), Path("model.ckpt-20"));
}

TEST_F(CheckpointDirectoryTest, KeepsAllWithZero) {
  CheckpointDirectory checkpoints({.directory = dir_.path(), .keep_max = 0});
  for (int64_t step = 0; step < 8; ++step) {
    WriteBundle(step);
    ASSERT_TRUE(checkpoints.Add(step).ok());
  }
  EXPECT_EQ(checkpoints.NewestFirst().size(), 8u);
}

TEST_F(CheckpointDirectoryTest, KeepsOneInSoManyHoursForEver) {
  CheckpointDirectory checkpoints(
      {.directory = dir_.path(), .keep_max = 1, .keep_every_n_hours = 2});
  const auto now = std::filesystem::file_time_type::clock::now();
  int64_t hour = 0;
  for (const int64_t step : {10, 20, 30, 40, 50, 60}) {
    WriteBundle(step);
    hour += 1;
    std::filesystem::last_write_time(Path(fmt::format("model.ckpt-{}.index", step)),
                                     now + std::chrono::hours(hour) + std::chrono::minutes(5));
    ASSERT_TRUE(checkpoints.Add(step).ok());
  }
  std::vector<std::string> indexes = ListDirectory(dir_.path()).value();
  std::erase_if(indexes, [](const std::string& name) { return !name.ends_with(".index"); });
  EXPECT_THAT(indexes,
              ElementsAre("model.ckpt-20.index", "model.ckpt-40.index", "model.ckpt-60.index"));
  EXPECT_THAT(checkpoints.NewestFirst(), ElementsAre(Path("model.ckpt-60")));
}

TEST_F(CheckpointDirectoryTest, TakesOverWhatAnEarlierProcessLeft) {
  WriteBundle(10);
  WriteBundle(20);
  ASSERT_TRUE(WriteFileAtomically(Path("checkpoint"),
                                  "model_checkpoint_path: \"model.ckpt-20\"\n"
                                  "all_model_checkpoint_paths: \"model.ckpt-5\"\n"
                                  "all_model_checkpoint_paths: \"model.ckpt-10\"\n"
                                  "all_model_checkpoint_paths: \"model.ckpt-20\"\n")
                  .ok());
  CheckpointDirectory checkpoints({.directory = dir_.path()});
  ASSERT_TRUE(checkpoints.Load().ok());
  EXPECT_THAT(checkpoints.NewestFirst(), ElementsAre(Path("model.ckpt-20"), Path("model.ckpt-10")));
  ASSERT_TRUE(checkpoints.Add(20).ok());
  EXPECT_EQ(checkpoints.NewestFirst().size(), 2u);
}

TEST_F(CheckpointDirectoryTest, ADamagedStateFileIsSaidAndNotOverwritten) {
  ASSERT_TRUE(WriteFileAtomically(Path("checkpoint"), "garbage").ok());
  CheckpointDirectory checkpoints({.directory = dir_.path()});
  EXPECT_THAT(checkpoints.Load().message(), HasSubstr(Path("checkpoint")));
}

TEST_F(CheckpointDirectoryTest, NoCheckpointYetIsNotFound) {
  EXPECT_EQ(LatestCheckpoint(dir_.path()).status().code(), StatusCode::kNotFound);
  CheckpointDirectory checkpoints({.directory = dir_.path()});
  EXPECT_TRUE(checkpoints.Load().ok());
  EXPECT_TRUE(checkpoints.NewestFirst().empty());
}

}  // namespace
}  // namespace trainyard::train
