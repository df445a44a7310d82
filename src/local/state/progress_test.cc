#include "local/state/progress.h"

#include <gtest/gtest.h>

#include "local/state/job_view.h"

namespace trainyard::local {
namespace {

TEST(ReadProgressLineTest, KeepsTheLastValueOfEachKey) {
  Progress progress;
  EXPECT_TRUE(ReadProgressLine(
      R"({"time":1.5,"phase":"training","step":10,"max_steps":100,"loss":0.5,"steps_per_sec":38.1})",
      &progress));
  EXPECT_TRUE(ReadProgressLine(
      R"({"time":2,"phase":"evaluating","accuracy":0.98,"eval_step":10,"message":"m","new":[1]})",
      &progress));
  EXPECT_EQ(progress.phase, "evaluating");
  EXPECT_EQ(progress.step, 10);
  EXPECT_EQ(progress.max_steps, 100);
  EXPECT_EQ(progress.loss, 0.5);
  EXPECT_EQ(progress.accuracy, 0.98);
  EXPECT_EQ(progress.eval_step, 10);
  EXPECT_EQ(progress.message, "m");
}

TEST(ReadProgressLineTest, IgnoresWhatItDoesNotUnderstand) {
  Progress progress;
  for (const std::string_view line : {"", "{", "[1]", "text", "\xff\xfe", "{\"step\":1"}) {
    EXPECT_FALSE(ReadProgressLine(line, &progress)) << line;
  }
  EXPECT_TRUE(
      ReadProgressLine(R"({"step":"x","loss":null,"phase":3,"max_steps":-1e300})", &progress));
  EXPECT_EQ(progress, Progress());
  EXPECT_FALSE(ReadProgressLine(std::string(100'000, '['), &progress));
}

TEST(ReadProgressLineTest, AccuracyMayStandUnderMetrics) {
  Progress progress;
  ReadProgressLine(R"({"phase":"evaluating","step":7,"metrics":{"accuracy":0.5}})", &progress);
  EXPECT_EQ(progress.accuracy, 0.5);
  EXPECT_EQ(progress.eval_step, 7);
}

TEST(ReadEstimatorLineTest, RecognisesItsLogLines) {
  Progress progress;
  EXPECT_TRUE(ReadEstimatorLine("INFO:tensorflow:loss = 1.23, step = 100 (2.8 sec)", &progress));
  EXPECT_TRUE(ReadEstimatorLine("I0101 12:00:00 basic.py:692] global_step/sec: 35.1", &progress));
  EXPECT_TRUE(ReadEstimatorLine(
      "Saving dict for global step 200: accuracy = 0.9812, global_step = 200, loss = 0.06",
      &progress));
  EXPECT_EQ(progress.step, 100);
  EXPECT_EQ(progress.loss, 1.23);
  EXPECT_EQ(progress.steps_per_sec, 35.1);
  EXPECT_EQ(progress.accuracy, 0.9812);
  EXPECT_EQ(progress.eval_step, 200);
  EXPECT_TRUE(ReadEstimatorLine("Saving checkpoints for 103 into model.ckpt.", &progress));
  EXPECT_EQ(progress.step, 103);
  EXPECT_FALSE(ReadEstimatorLine("nothing of interest", &progress));
  EXPECT_FALSE(ReadEstimatorLine("loss = nonsense, step = ", &progress));
}

TEST(MaxStepsFromArgumentsTest, KnowsTheUsualFlags) {
  EXPECT_EQ(MaxStepsFromArguments({"p", "--max_steps=12"}), 12);
  EXPECT_EQ(MaxStepsFromArguments({"p", "--steps", "7"}), 7);
  EXPECT_EQ(MaxStepsFromArguments({"p", "--max_steps", "x"}), std::nullopt);
  EXPECT_EQ(MaxStepsFromArguments({"p"}), std::nullopt);
}

TEST(CombineProgressTest, TheChiefSpeaksForTheJobAndTheEvaluatorForTheAccuracy) {
  std::vector<ReplicaInfo> replicas(3);
  replicas[0].id = {spec::ReplicaType::kWorker, 0};
  replicas[0].progress.step = 120;
  replicas[0].progress.loss = 9;
  replicas[1].id = {spec::ReplicaType::kChief, 0};
  replicas[1].progress.step = 110;
  replicas[1].progress.loss = 0.5;
  replicas[1].progress.max_steps = 1000;
  replicas[2].id = {spec::ReplicaType::kEvaluator, 0};
  replicas[2].progress.accuracy = 0.9;
  replicas[2].progress.eval_step = 100;
  replicas[2].progress.step = 100;
  const Progress job = CombineProgress(replicas);
  EXPECT_EQ(job.step, 120);
  EXPECT_EQ(job.loss, 0.5);
  EXPECT_EQ(job.max_steps, 1000);
  EXPECT_EQ(job.accuracy, 0.9);
}

}  // namespace
}  // namespace trainyard::local
