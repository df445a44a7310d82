#include "train/checkpoints/checkpoint_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;

TEST(CheckpointStateTest, ReadsWhatTensorFlowWrites) {
  const CheckpointState state = ParseCheckpointState(
                                    "model_checkpoint_path: \"model.ckpt-20\"\n"
                                    "all_model_checkpoint_paths: \"model.ckpt-0\"\n"
                                    "all_model_checkpoint_paths: \"model.ckpt-20\"\n"
                                    "all_model_checkpoint_timestamps: 1700000000.5\n"
                                    "last_preserved_timestamp: 1700000000.5\n")
                                    .value();
  EXPECT_EQ(state.latest, "model.ckpt-20");
  EXPECT_THAT(state.all, ElementsAre("model.ckpt-0", "model.ckpt-20"));
}

TEST(CheckpointStateTest, WritesWhatItReads) {
  const CheckpointState state{.latest = "a \"b\" \\c-7", .all = {"x-1", "a \"b\" \\c-7"}};
  EXPECT_EQ(ParseCheckpointState(FormatCheckpointState(state)).value(), state);
  EXPECT_EQ(FormatCheckpointState({.latest = "model.ckpt-1", .all = {"model.ckpt-1"}}),
            "model_checkpoint_path: \"model.ckpt-1\"\n"
            "all_model_checkpoint_paths: \"model.ckpt-1\"\n");
}

TEST(CheckpointStateTest, DamageIsAnErrorAtEveryTruncation) {
  const std::string whole = "model_checkpoint_path: \"model.ckpt-20\"\n";
  for (size_t length = 0; length < whole.size() - 1; ++length) {
    EXPECT_EQ(ParseCheckpointState(whole.substr(0, length)).status().code(), StatusCode::kDataLoss)
        << length;
  }
  EXPECT_FALSE(ParseCheckpointState(std::string(100, '\0')).ok());
}

TEST(CheckpointStateTest, TakesTheStepFromTheName) {
  EXPECT_EQ(StepOfCheckpoint("/a-1/model.ckpt-1200"), 1200);
  EXPECT_EQ(StepOfCheckpoint("model.ckpt"), -1);
  EXPECT_EQ(StepOfCheckpoint("model.ckpt-12x"), -1);
  EXPECT_EQ(StepOfCheckpoint("model.ckpt-"), -1);
  EXPECT_EQ(StepOfCheckpoint("model.ckpt-99999999999999999999"), -1);
}

}  // namespace
}  // namespace trainyard::train
