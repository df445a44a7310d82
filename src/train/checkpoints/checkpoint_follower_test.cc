#include "train/checkpoints/checkpoint_follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <thread>

#include "base/files.h"
#include "train/checkpoints/checkpoint_feed.h"
#include "train/checkpoints/checkpoint_state.h"
#include "train/estimator.h"
#include "train/loop/continuous_evaluation.h"
#include "train/testing/chief_server.h"
#include "train/testing/linear_model.h"
#include "train/train_and_evaluate.h"

namespace trainyard::train {
namespace {

using testing::ChiefServer;
using ::testing::HasSubstr;
using testing::LinearModel;
using testing::LinePoints;

bool Becomes(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return condition();
}

class CheckpointFollowerTest : public ::testing::Test {
 protected:
  void TrainTo(int64_t steps) {
    ::unsetenv("TF_CONFIG");
    RunConfig config{.model_dir = chief_};
    ASSERT_TRUE(config.ReadEnvironment().ok());
    const auto trained = Estimator(LinearModel(), config).Train(LinePoints(), {.max_steps = steps});
    ASSERT_TRUE(trained.ok()) << trained.status();
  }

  // 0 if there is none.
  static int64_t StepIn(const std::string& directory) {
    return StepOfCheckpoint(LatestCheckpoint(directory).value_or("model.ckpt-0"));
  }

  TemporaryDirectory dir_;
  const std::string chief_ = JoinPath(dir_.path(), "chief");
  const std::string own_ = JoinPath(dir_.path(), "own");
  ChiefServer server_;
  ProgressReporter reporter_;
};

TEST_F(CheckpointFollowerTest, BringsCheckpointsAndTheEndToTheEvaluator) {
  TrainTo(4);
  const auto feed = CheckpointFeed::Start(ChiefServer::Chief(chief_), server_.target()).value();
  const RunConfig config = server_.Evaluator(own_);
  const auto follower = CheckpointFollower::Start(config, &reporter_).value();
  EXPECT_TRUE(Becomes([&] { return follower->has_checkpoint() && StepIn(own_) == 4; }));
  TrainTo(6);
  ASSERT_TRUE(MarkTrainingEnd(chief_, 6).ok());
  EXPECT_TRUE(feed->WaitForFollower().ok());
  EXPECT_EQ(StepIn(own_), 6);
  EXPECT_TRUE(HasTrainingEnded(own_));
  EXPECT_TRUE(follower->status().ok());
}

TEST_F(CheckpointFollowerTest, AnEvaluatorOnItsOwnDiskHasTheLastResult) {
  TrainTo(4);
  ASSERT_TRUE(MarkTrainingEnd(chief_, 4).ok());
  const auto feed = CheckpointFeed::Start(ChiefServer::Chief(chief_), server_.target()).value();
  const Estimator evaluator(LinearModel(), server_.Evaluator(own_));
  const auto result =
      TrainAndEvaluate(evaluator, {.input = LinePoints()}, {.input = LinePoints(1)});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->evaluation->global_step, 4);
  EXPECT_TRUE(PathExists(JoinPath(own_, "eval")));
  EXPECT_FALSE(PathExists(JoinPath(chief_, "eval")));
}

TEST_F(CheckpointFollowerTest, WhatAnEarlierRunHasLeftIsNotTheChiefs) {
  TrainTo(4);
  ASSERT_TRUE(RenamePath(chief_, own_).ok());
  ASSERT_TRUE(MarkTrainingEnd(own_, 4).ok());
  ASSERT_TRUE(MakeDirectories(chief_).ok());
  const auto feed = CheckpointFeed::Start(ChiefServer::Chief(chief_), server_.target()).value();
  const RunConfig config = server_.Evaluator(own_);
  const auto follower = CheckpointFollower::Start(config, &reporter_).value();
  EXPECT_FALSE(follower->has_checkpoint());
  EXPECT_FALSE(HasTrainingEnded(own_));
  TrainTo(3);
  EXPECT_TRUE(Becomes([&] { return follower->has_checkpoint() && StepIn(own_) == 3; }));
}

TEST_F(CheckpointFollowerTest, NothingIsCopiedWithinOneDirectory) {
  TrainTo(4);
  ASSERT_TRUE(MarkTrainingEnd(chief_, 4).ok());
  const auto feed = CheckpointFeed::Start(ChiefServer::Chief(chief_), server_.target()).value();
  const RunConfig config = server_.Evaluator(chief_);
  const auto follower = CheckpointFollower::Start(config, &reporter_).value();
  EXPECT_TRUE(follower->has_checkpoint());
  EXPECT_TRUE(HasTrainingEnded(chief_));
}

TEST_F(CheckpointFollowerTest, AChiefThatDoesNotComeIsNamed) {
  RunConfig config = server_.Evaluator(own_);
  config.session_creation_timeout = std::chrono::seconds(0);
  const Status status = CheckpointFollower::Start(config, &reporter_).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("the chief at " + server_.address()));
  EXPECT_THAT(status.message(), HasSubstr("has not said yet where its checkpoints are"));
}

TEST(CheckpointFeedTest, NeedsAServerOfTheChiefs) {
  const auto is_possible = [](const char* type, int servers, int workers, bool save_on_chief) {
    RunConfig config = ChiefServer::Chief("m", save_on_chief);
    config.task.type = type;
    config.task.cluster.jobs["chief"][0] = "a:1";
    config.task.num_ps_replicas = servers;
    config.task.num_worker_replicas = workers;
    return CheckpointFeed::IsPossible(config);
  };
  EXPECT_TRUE(is_possible("chief", 1, 2, true));
  EXPECT_TRUE(is_possible("chief", 1, 2, false));
  EXPECT_TRUE(is_possible("chief", 0, 1, true));
  EXPECT_FALSE(is_possible("chief", 0, 1, false));  // would need a server of its own
  EXPECT_FALSE(is_possible("chief", 0, 2, true));   // all-reduce
  EXPECT_FALSE(is_possible("worker", 1, 2, true));
}

}  // namespace
}  // namespace trainyard::train
