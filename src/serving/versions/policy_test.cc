#include "serving/versions/policy.h"

#include <gtest/gtest.h>

namespace trainyard::serving {
namespace {

using std::chrono::seconds;
using Versions = std::vector<int64_t>;

const TimePoint kNow = TimePoint() + std::chrono::hours(1);

VersionPolicy Latest(int count) { return {.num_latest = count}; }
const VersionPolicy kAll = {.kind = VersionPolicy::Kind::kAll};
VersionPolicy Specific(Versions versions) {
  return {.kind = VersionPolicy::Kind::kSpecific, .versions = std::move(versions)};
}

VersionSeen Whole(int64_t version, const std::string& fingerprint = "f") {
  return {.version = version, .directory = "", .missing = "", .fingerprint = fingerprint};
}
VersionSeen Incomplete(int64_t version) {
  return {.version = version, .directory = "", .missing = "saved_model.pb", .fingerprint = "f"};
}
VersionSeen Unsettled(int64_t version) {
  return {
      .version = version, .directory = "", .missing = "", .fingerprint = "f", .is_settled = false};
}
FailedLoad FailedUntil(seconds from_now, const std::string& fingerprint = "f") {
  return {fingerprint, kNow + from_now};
}

struct Case {
  const char* what;
  VersionPolicy policy;
  std::vector<VersionSeen> seen;
  Versions serving;
  std::map<int64_t, FailedLoad> failed;
  Versions load;
  Versions unload{};
};

void Expect(const Case& c) {
  std::vector<ServedVersion> serving;
  for (const int64_t version : c.serving) serving.push_back({version, ""});
  const VersionPlan plan = PlanVersions(c.policy, c.seen, serving, c.failed, kNow);
  Versions load;
  for (const VersionSeen& version : plan.load) load.push_back(version.version);
  EXPECT_EQ(load, c.load) << c.what;
  EXPECT_EQ(plan.unload, c.unload) << c.what;
}

TEST(VersionPolicyTest, LatestTakesTheNewestWholeVersionAndNeverGivesUpAGoodOne) {
  const Case cases[] = {
      {"nothing there", Latest(1), {}, {}, {}, {}},
      {"the first version", Latest(1), {Whole(1)}, {}, {}, {1}},
      {"the newest of several", Latest(1), {Whole(1), Whole(2), Whole(3)}, {}, {}, {3}},
      {"the newest is served", Latest(1), {Whole(1), Whole(2)}, {2}, {}, {}},
      {"a newer one has come", Latest(1), {Whole(1), Whole(2)}, {1}, {}, {2}},
      {"the newer one answers", Latest(1), {Whole(1), Whole(2)}, {1, 2}, {}, {}, {1}},
      {"a newer one is not whole yet", Latest(1), {Whole(1), Incomplete(2)}, {1}, {}, {}},
      {"a newer one still changes", Latest(1), {Whole(1), Unsettled(2)}, {1}, {}, {}},
      {"at the start, the newest is not whole", Latest(1), {Whole(1), Incomplete(2)}, {}, {}, {1}},
      {"the newest was removed: back to the one before", Latest(1), {Whole(1)}, {2}, {}, {1}},
      {"and once that answers", Latest(1), {Whole(1)}, {1, 2}, {}, {}, {2}},
      {"everything was removed", Latest(1), {}, {2}, {}, {}},
      {"only an incomplete one is left", Latest(1), {Incomplete(1)}, {2}, {}, {}},
      {"the served one's files have gone", Latest(1), {Whole(1), Incomplete(2)}, {2}, {}, {}},
      {"a negative number is a version too", Latest(1), {Whole(-1)}, {}, {}, {-1}},
      {"zero means one", Latest(0), {Whole(1), Whole(2)}, {}, {}, {2}},
  };
  for (const Case& c : cases) Expect(c);
}

TEST(VersionPolicyTest, FailedVersionsAreTriedAgainWhenTheirFilesChangeOrAfterAWhile) {
  const std::vector<VersionSeen> two = {Whole(1), Whole(2)};
  const Case cases[] = {
      {"a newer one failed", Latest(1), two, {1}, {{2, FailedUntil(seconds(1))}}, {}},
      {"it is time to try again", Latest(1), two, {1}, {{2, FailedUntil(seconds(0))}}, {2}},
      {"its files have changed",
       Latest(1),
       {Whole(1), Whole(2, "g")},
       {1},
       {{2, FailedUntil(seconds(1))}},
       {2}},
      {"at the start, the newest failed", Latest(1), two, {}, {{2, FailedUntil(seconds(1))}}, {1}},
  };
  for (const Case& c : cases) Expect(c);
}

TEST(VersionPolicyTest, SeveralVersionsAreServedAtTheSameTime) {
  const std::vector<VersionSeen> three = {Whole(1), Whole(2), Whole(3)};
  const Case cases[] = {
      {"the highest first", Latest(2), three, {}, {}, {3, 2}},
      {"nothing leaves before the new one answers", Latest(2), three, {1, 2}, {}, {3}},
      {"then the lowest does", Latest(2), three, {1, 2, 3}, {}, {}, {1}},
      {"all", kAll, three, {2}, {}, {3, 1}},
      {"all, one removed", kAll, {Whole(1), Whole(3)}, {1, 2, 3}, {}, {}, {2}},
      {"all, everything removed", kAll, {}, {1, 2, 3}, {}, {}},
      {"all, one broken", kAll, three, {}, {{2, FailedUntil(seconds(1))}}, {3, 1}},
      {"specific", Specific({1, 3}), three, {}, {}, {3, 1}},
      {"from latest to specific", Specific({1}), three, {3}, {}, {1}},
      {"and then", Specific({1}), three, {1, 3}, {}, {}, {3}},
      {"specific, of which none is there", Specific({7}), three, {3}, {}, {}},
      {"specific, one of them removed", Specific({1, 3}), {Whole(3)}, {1, 3}, {}, {}, {1}},
  };
  for (const Case& c : cases) Expect(c);
}

TEST(VersionPolicyTest, TellsWhatItWaitsForAndWhatIsNotThere) {
  const std::vector<VersionSeen> seen = {Whole(1), Incomplete(2)};
  VersionPlan plan = PlanVersions(Latest(1), seen, {}, {}, kNow);
  ASSERT_EQ(plan.waiting.size(), 1u);
  EXPECT_EQ(plan.waiting[0].version, 2);
  EXPECT_TRUE(plan.has_choice);
  plan = PlanVersions(Specific({2, 9}), seen, {}, {}, kNow);
  EXPECT_EQ(plan.absent, Versions{9});
  EXPECT_FALSE(plan.has_choice);
  const std::vector<ServedVersion> newer = {{3, ""}};
  const std::vector<VersionSeen> behind = {Incomplete(2), Whole(3)};
  EXPECT_TRUE(PlanVersions(Latest(1), behind, newer, {}, kNow).waiting.empty());
}

TEST(VersionPolicyTest, TheSameNumberInAnotherDirectoryIsAnotherVersion) {
  const std::vector<VersionSeen> seen = {
      {.version = 1, .directory = "/new/1", .missing = "", .fingerprint = "f"}};
  const std::vector<ServedVersion> serving = {{1, "/old/1"}};
  const VersionPlan plan = PlanVersions(Latest(1), seen, serving, {}, kNow);
  ASSERT_EQ(plan.load.size(), 1u);
  EXPECT_TRUE(plan.unload.empty());
}

TEST(VersionPolicyTest, RetriesComeAtGrowingIntervals) {
  const RetryPolicy retry = {.max_retries = 3, .interval = seconds(10), .longest = seconds(100)};
  FailedLoad failure = NextFailure(retry, nullptr, "f", kNow);
  EXPECT_EQ(failure, (FailedLoad{"f", kNow + seconds(10), 1}));
  for (const int wait : {20, 40, 100, 100}) {
    failure = NextFailure(retry, &failure, "f", kNow);
    EXPECT_EQ(failure.retry_at, kNow + seconds(wait));
  }
  EXPECT_EQ(NextFailure(retry, &failure, "other files", kNow).retry_at, kNow + seconds(10));
  EXPECT_EQ(NextFailure({.max_retries = 0}, nullptr, "f", kNow).retry_at, TimePoint::max());
}

TEST(VersionPolicyTest, LooksOnlyAtFilesThatCanMatter) {
  const std::vector<ServedVersion> on_disk = {{1, "1"}, {2, "2"}, {3, "3"}, {4, "4"}};
  const std::vector<ServedVersion> serving = {{3, "3"}};
  const auto worth = [&](const VersionPolicy& policy) {
    Versions versions;
    for (const ServedVersion& version : on_disk) {
      if (IsWorthInspecting(policy, version, on_disk, serving)) versions.push_back(version.version);
    }
    return versions;
  };
  EXPECT_EQ(worth(Latest(1)), (Versions{4}));
  EXPECT_EQ(worth(Latest(2)), (Versions{1, 2, 4}));
  EXPECT_EQ(worth(kAll), (Versions{1, 2, 4}));
  EXPECT_EQ(worth(Specific({2, 3})), (Versions{2}));
}

}  // namespace
}  // namespace trainyard::serving
