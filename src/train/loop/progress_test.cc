#include "train/loop/progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/files.h"

namespace trainyard::train {
namespace {

TEST(ProgressTest, ALineHoldsWhatIsKnown) {
  EXPECT_EQ(FormatProgress({.phase = "training", .step = 3, .max_steps = 9, .loss = 0.5}, 1.5),
            R"({"time":1.5,"phase":"training","step":3,"max_steps":9,"loss":0.5})");
  EXPECT_EQ(
      FormatProgress({.phase = "evaluating", .eval_step = 4, .metrics = {{"accuracy", 0.5}}}, 0),
      R"({"time":0.0,"phase":"evaluating","eval_step":4,"accuracy":0.5,)"
      R"("metrics":{"accuracy":0.5}})");
}

TEST(ProgressTest, WhatJsonCannotHoldStaysOut) {
  EXPECT_EQ(
      FormatProgress({.phase = "training", .loss = std::numeric_limits<double>::quiet_NaN()}, 0),
      R"({"time":0.0,"phase":"training"})");
  EXPECT_NE(FormatProgress({.phase = "failed", .message = "bad byte \xff"}, 0), "");
}

TEST(ProgressTest, AppendsWholeLinesAndDropsFrequentOnes) {
  TemporaryDirectory dir;
  const std::string path = JoinPath(dir.path(), "progress");
  const auto start = std::chrono::steady_clock::now();
  {
    ProgressReporter reporter(path);
    reporter.Report({.phase = "waiting"});
    for (int i = 0; i < 100; ++i) reporter.ReportSometimes({.phase = "training", .step = i});
  }
  const auto took = std::chrono::steady_clock::now() - start;
  ProgressReporter(path).Report({.phase = "finished"});
  const std::string text = ReadFile(path).value();
  EXPECT_NE(text.find("waiting"), std::string::npos);
  EXPECT_NE(text.find("finished"), std::string::npos);
  EXPECT_EQ(text.back(), '\n');
  // No more than one in 200 ms.
  EXPECT_LE(std::count(text.begin(), text.end(), '\n') - 2, took / std::chrono::milliseconds(200));
}

TEST(ProgressTest, WithoutAFileItIsSilent) {
  ProgressReporter("").Report({.phase = "training"});
  ProgressReporter("/no/such/dir/file").Report({.phase = "training"});
}

}  // namespace
}  // namespace trainyard::train
