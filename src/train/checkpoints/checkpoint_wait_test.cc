#include "train/checkpoints/checkpoint_wait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "train/checkpoints/checkpoint_feed.h"
#include "train/testing/chief_server.h"

namespace trainyard::train {
namespace {

using testing::ChiefServer;
using ::testing::HasSubstr;

constexpr std::chrono::milliseconds kNoPatience(0);

struct Replicas {
  TemporaryDirectory chief_dir;
  TemporaryDirectory evaluator_dir;
  ChiefServer server;
  ProgressReporter reporter;

  std::unique_ptr<CheckpointFeed> Feed() {
    return CheckpointFeed::Start(ChiefServer::Chief(chief_dir.path(), /*save_on_chief=*/false),
                                 server.target())
        .value();
  }
};

TEST(CheckpointWaitTest, ADirectoryThatIsNotTheChiefsIsNamed) {
  Replicas replicas;
  const auto feed = replicas.Feed();
  const RunConfig config =
      replicas.server.Evaluator(replicas.evaluator_dir.path() + "/new", /*save_on_chief=*/false);
  const Status status = CheckpointWait(config, &replicas.reporter, kNoPatience).Check(false);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(),
              HasSubstr("cannot evaluate checkpoints in " + replicas.evaluator_dir.path()));
  EXPECT_THAT(status.message(), HasSubstr("writes its own to " + replicas.chief_dir.path()));
  EXPECT_THAT(status.message(), HasSubstr("set save_on_chief in every process"));
  EXPECT_TRUE(feed->WaitForFollower().ok());  // at once: nobody fetches
}

TEST(CheckpointWaitTest, OneThatIsSharedIsWaitedAt) {
  Replicas replicas;
  const auto feed = replicas.Feed();
  const RunConfig config =
      replicas.server.Evaluator(replicas.chief_dir.path(), /*save_on_chief=*/false);
  CheckpointWait wait(config, &replicas.reporter);
  EXPECT_TRUE(wait.Check(false).ok());
  EXPECT_TRUE(wait.Check(true).ok());
  EXPECT_TRUE(ListDirectory(replicas.chief_dir.path()).value().empty());
}

TEST(CheckpointWaitTest, AChiefThatSaysNothingProvesNothing) {
  Replicas replicas;
  const RunConfig config =
      replicas.server.Evaluator(replicas.evaluator_dir.path(), /*save_on_chief=*/false);
  EXPECT_TRUE(CheckpointWait(config, &replicas.reporter).Check(false).ok());
}

}  // namespace
}  // namespace trainyard::train
