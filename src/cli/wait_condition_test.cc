#include "cli/wait_condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/quantity.h"

namespace trainyard::cli {
namespace {

using job::ConditionType;
using std::chrono::milliseconds;
using testing::HasSubstr;

TEST(ParseWaitWishTest, ReadsWhatKubectlReads) {
  EXPECT_EQ(*ParseWaitWish("condition=Succeeded"), (WaitWish{ConditionType::kSucceeded, true}));
  EXPECT_EQ(*ParseWaitWish("condition=running=False"), (WaitWish{ConditionType::kRunning, false}));
  EXPECT_EQ(*ParseWaitWish("delete"), (WaitWish{}));
  for (const char* text : {"", "Succeeded", "condition=", "condition=Happy", "jsonpath={}",
                           "condition=Running=maybe"}) {
    EXPECT_THAT(ParseWaitWish(text).status().message(), HasSubstr("expected condition=TYPE"));
  }
}

JobDescription JobWith(ConditionType type, bool value = true) {
  JobDescription job{.name = "a", .state = std::string(job::ConditionTypeName(type))};
  job.status.conditions.push_back({.type = type, .status = value});
  return job;
}

TEST(CheckWishTest, IsMetOrHopelessOrNeither) {
  struct Row {
    const char* wish;
    JobDescription job;
    bool is_alive;
    bool is_met;
    bool is_hopeless;
  };
  const Row rows[] = {
      {"condition=Succeeded", JobWith(ConditionType::kSucceeded), false, true, false},
      {"condition=Succeeded", JobWith(ConditionType::kRunning), true, false, false},
      {"condition=Succeeded", JobWith(ConditionType::kFailed), true, false, true},
      {"condition=Succeeded", JobWith(ConditionType::kRunning), false, false, true},  // killed
      {"condition=Running", JobWith(ConditionType::kRunning), false, false, true},
      {"condition=Running", JobWith(ConditionType::kRunning), true, true, false},
      {"condition=Running=false", JobWith(ConditionType::kRunning, false), true, true, false},
      {"condition=Running=false", JobWith(ConditionType::kCreated), true, false, false},
      {"delete", JobWith(ConditionType::kSucceeded), false, false, false},
  };
  for (const Row& row : rows) {
    const WaitState state = CheckWish(*ParseWaitWish(row.wish), row.job, row.is_alive);
    EXPECT_EQ(state.is_met, row.is_met) << row.wish << row.job.state;
    EXPECT_EQ(state.is_hopeless, row.is_hopeless) << row.wish << row.job.state;
  }
}

TEST(CheckWishTest, ADeletedJobIsWhatDeleteWaitsFor) {
  EXPECT_TRUE(CheckWishOfDeleted({}).is_met);
  EXPECT_TRUE(CheckWishOfDeleted({ConditionType::kSucceeded, true}).is_hopeless);
}

TEST(ParseSizeTest, KnowsKubernetesSuffixes) {
  EXPECT_EQ(ParseSize("0"), 0);
  EXPECT_EQ(ParseSize("4096"), 4096);
  EXPECT_EQ(ParseSize("64Mi"), 64 << 20);
  EXPECT_EQ(ParseSize("1.5k"), 1500);
  EXPECT_EQ(ParseSize("2G"), 2'000'000'000);
  for (const char* text : {"", "Mi", "-1", "1MiB", "1 Mi", "nan", "inf", "99999999Ti", "1e3"}) {
    EXPECT_FALSE(ParseSize(text)) << text;
  }
}

TEST(ParseDurationTest, KnowsGosUnits) {
  EXPECT_EQ(ParseDuration("0"), milliseconds(0));
  EXPECT_EQ(ParseDuration("60s"), milliseconds(60'000));
  EXPECT_EQ(ParseDuration("1m30s"), milliseconds(90'000));
  EXPECT_EQ(ParseDuration("1.5h"), milliseconds(5'400'000));
  EXPECT_EQ(ParseDuration("250ms"), milliseconds(250));
  for (const char* text : {"", "60", "s", "-5s", "5d", "1m 30s", "nans"}) {
    EXPECT_FALSE(ParseDuration(text)) << text;
  }
}

}  // namespace
}  // namespace trainyard::cli
