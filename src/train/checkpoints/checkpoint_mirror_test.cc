#include "train/checkpoints/checkpoint_mirror.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <functional>

#include "base/files.h"
#include "train/checkpoints/checkpoint_state.h"
#include "train/loop/continuous_evaluation.h"
#include "train/testing/linear_model.h"

namespace trainyard::train {
namespace {

using ::testing::HasSubstr;
using testing::LinearModel;
using testing::LinePoints;

// A directory, and what may happen on the way.
class DirectorySource : public CheckpointSource {
 public:
  explicit DirectorySource(std::string directory) : directory_(std::move(directory)) {}

  Result<std::string> Read(const std::string& name) override {
    ++reads;
    if (before_read) RETURN_IF_ERROR(before_read(name));
    Result<std::string> content = ReadFile(JoinPath(directory_, name));
    if (content.ok() && change) change(name, &*content);
    return content;
  }

  Result<std::vector<std::string>> List(const std::string& checkpoint) override {
    ASSIGN_OR_RETURN(std::vector<std::string> names, ListDirectory(directory_));
    std::erase_if(names, [&](const auto& name) { return !name.starts_with(checkpoint + "."); });
    return names;
  }

  int reads = 0;
  std::function<Status(const std::string& name)> before_read;
  std::function<void(const std::string& name, std::string* content)> change;

 private:
  const std::string directory_;
};

class CheckpointMirrorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("TF_CONFIG");
    TrainTo(4);
    Restart();
  }

  void TrainTo(int64_t steps) {
    RunConfig config{.model_dir = chief_, .keep_checkpoint_max = 1};
    ASSERT_TRUE(config.ReadEnvironment().ok());
    const auto trained = Estimator(LinearModel(), config).Train(LinePoints(), {.max_steps = steps});
    ASSERT_TRUE(trained.ok()) << trained.status();
  }

  void Restart() {
    mirror_ = std::make_unique<CheckpointMirror>(CheckpointMirror::Options{own_, 2});
    ASSERT_TRUE(mirror_->Begin().ok());
  }

  bool HasStep(int64_t step) const {
    const Result<std::string> latest = LatestCheckpoint(own_);
    return latest.ok() && StepOfCheckpoint(*latest) == step;
  }

  TemporaryDirectory dir_;
  const std::string chief_ = JoinPath(dir_.path(), "chief");
  const std::string own_ = JoinPath(dir_.path(), "own");
  DirectorySource source_{chief_};
  std::unique_ptr<CheckpointMirror> mirror_;
};

bool IsData(const std::string& name) { return name.find(".data-") != std::string::npos; }

TEST_F(CheckpointMirrorTest, BringsTheNewestCheckpointAndThenTheEnd) {
  EXPECT_FALSE(mirror_->has_checkpoint());
  EXPECT_FALSE(mirror_->Update(source_).value());
  EXPECT_TRUE(mirror_->has_checkpoint());
  EXPECT_TRUE(HasStep(4));
  EXPECT_FALSE(PathExists(JoinPath(own_, "incoming")));
  TrainTo(6);
  ASSERT_TRUE(MarkTrainingEnd(chief_, 6).ok());
  EXPECT_FALSE(HasTrainingEnded(own_));
  EXPECT_TRUE(mirror_->Update(source_).value());
  EXPECT_TRUE(HasStep(6));
  EXPECT_TRUE(HasTrainingEnded(own_));
  EXPECT_FALSE(PathExists(JoinPath(own_, "model.ckpt-6.input-worker-0")));
}

TEST_F(CheckpointMirrorTest, WhatIsThereIsNotFetchedAgain) {
  ASSERT_TRUE(mirror_->Update(source_).ok());
  Restart();
  EXPECT_FALSE(mirror_->has_checkpoint());
  source_.before_read = [](const std::string& name) {
    return IsData(name) ? InternalError("read again") : OkStatus();
  };
  EXPECT_FALSE(mirror_->Update(source_).value());
  EXPECT_TRUE(HasStep(4));
}

TEST_F(CheckpointMirrorTest, AnotherTrainingsCheckpointOfTheSameStepReplacesIt) {
  ASSERT_TRUE(mirror_->Update(source_).ok());
  const std::string first = ReadFile(JoinPath(own_, "model.ckpt-4.index")).value();
  ASSERT_TRUE(RemoveRecursively(chief_).ok());
  RunConfig config{.model_dir = chief_};
  ASSERT_TRUE(config.ReadEnvironment().ok());
  ASSERT_TRUE(Estimator(LinearModel(0.1f), config).Train(LinePoints(), {.max_steps = 4}).ok());
  ASSERT_TRUE(mirror_->Update(source_).ok());
  const std::string second = ReadFile(JoinPath(own_, "model.ckpt-4.index")).value();
  EXPECT_NE(second, first);
  EXPECT_EQ(second, ReadFile(JoinPath(chief_, "model.ckpt-4.index")).value());
}

TEST_F(CheckpointMirrorTest, ADamagedDownloadIsRejectedAndFetchedAgain) {
  for (const char* part : {".data-", ".index"}) {
    source_.change = [&](const std::string& name, std::string* content) {
      if (name.find(part) != std::string::npos) (*content)[content->size() / 2] ^= 1;
    };
    EXPECT_FALSE(mirror_->Update(source_).ok()) << part;
    EXPECT_FALSE(HasStep(4)) << part;
  }
  source_.change = nullptr;
  EXPECT_TRUE(mirror_->Update(source_).ok());
  EXPECT_TRUE(HasStep(4));
}

TEST_F(CheckpointMirrorTest, AChiefThatDiesOnTheWayLeavesTheCheckpointBefore) {
  ASSERT_TRUE(mirror_->Update(source_).ok());
  TrainTo(6);
  source_.before_read = [](const std::string& name) {
    return IsData(name) ? UnavailableError("killed") : OkStatus();
  };
  EXPECT_EQ(mirror_->Update(source_).status().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(HasStep(4));
  source_.before_read = nullptr;
  EXPECT_TRUE(mirror_->Update(source_).ok());
  EXPECT_TRUE(HasStep(6));
}

TEST_F(CheckpointMirrorTest, ACheckpointDeletedOnTheWayGivesWayToTheNext) {
  source_.before_read = [this](const std::string& name) {
    if (IsData(name) && name.starts_with("model.ckpt-4")) TrainTo(6);  // keeps one
    return OkStatus();
  };
  EXPECT_EQ(mirror_->Update(source_).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(mirror_->Update(source_).ok());
  EXPECT_TRUE(HasStep(6));
}

TEST_F(CheckpointMirrorTest, WithoutRoomItSaysSoAndGoesOnWhenThereIs) {
  // A limit on the size of files, as a full disk would have; it comes as an error, not a signal.
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  rlimit limit = old_limit;
  limit.rlim_cur = 8;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const Status status = mirror_->Update(source_).status();
  ::setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_THAT(status.message(), HasSubstr("cannot fetch checkpoint model.ckpt-4: "));
  EXPECT_THAT(status.message(), HasSubstr("File too large"));
  EXPECT_FALSE(HasStep(4));
  EXPECT_TRUE(mirror_->Update(source_).ok());
  EXPECT_TRUE(HasStep(4));
}

TEST_F(CheckpointMirrorTest, NamesThatAreNoCheckpointsAreRefused) {
  for (const char* name : {"model.ckpt-../x-4", "model.ckpt-", "other-4", "model.ckpt-+4"}) {
    const std::string text = FormatCheckpointState({.latest = name, .all = {name}});
    ASSERT_TRUE(WriteFileAtomically(JoinPath(chief_, "checkpoint"), text).ok());
    EXPECT_EQ(mirror_->Update(source_).status().code(), StatusCode::kInvalidArgument) << name;
  }
}

TEST(IsDataFileOfTest, TakesWholeNamesOnly) {
  int count = 0;
  EXPECT_TRUE(IsDataFileOf("model.ckpt-4", "model.ckpt-4.data-00001-of-00002", &count));
  EXPECT_EQ(count, 2);
  for (const char* name :
       {"model.ckpt-40.data-00000-of-00001", "model.ckpt-4.data-00002-of-00002",
        "model.ckpt-4.data-00000-of-00001x", "model.ckpt-4.data-0000a-of-00001",
        "model.ckpt-4.data-00000-of-", "model.ckpt-4.index", "model.ckpt-4.data-../00-of-00001"}) {
    EXPECT_FALSE(IsDataFileOf("model.ckpt-4", name, &count)) << name;
  }
}

}  // namespace
}  // namespace trainyard::train
