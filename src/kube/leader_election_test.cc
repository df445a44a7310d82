#include "kube/leader_election.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "kube/internal/lease.h"
#include "kube/testing/fake_api.h"

namespace trainyard::kube {
namespace {

using internal::LeaseAction;
using internal::LeaseRecord;
using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr seconds kLimit{60};

TEST(NextLeaseActionTest, FollowsTheRecordAndTheLocalClockOnly) {
  const LeaderElectionOptions options{.identity = "me"};
  const std::chrono::steady_clock::time_point seen{std::chrono::hours(5)};
  // Renewed by a clock that is a day late, and by one that is a day early: it does not count.
  const std::string yesterday = "2026-11-24T00:00:00.000000Z";
  const std::string tomorrow = "2026-11-26T00:00:00.000000Z";
  struct Row {
    const char* name;
    std::optional<LeaseRecord> record;
    milliseconds since;
    LeaseAction action;
  };
  const std::vector<Row> table = {
      {"none", std::nullopt, seconds(0), LeaseAction::kCreate},
      {"ours", LeaseRecord{.holder = "me", .duration = seconds(15)}, seconds(99),
       LeaseAction::kRenew},
      {"released", LeaseRecord{.holder = "", .duration = seconds(1)}, seconds(0),
       LeaseAction::kTake},
      {"fresh", LeaseRecord{.holder = "other", .duration = seconds(15)}, milliseconds(14'999),
       LeaseAction::kWait},
      {"old", LeaseRecord{.holder = "other", .duration = seconds(15)}, seconds(15),
       LeaseAction::kTake},
      {"its own duration counts", LeaseRecord{.holder = "other", .duration = seconds(60)},
       seconds(30), LeaseAction::kWait},
      {"clock behind",
       LeaseRecord{.holder = "other", .duration = seconds(15), .renew_time = yesterday}, seconds(1),
       LeaseAction::kWait},
      {"clock ahead",
       LeaseRecord{.holder = "other", .duration = seconds(15), .renew_time = tomorrow}, seconds(15),
       LeaseAction::kTake},
      {"no duration", LeaseRecord{.holder = "other"}, seconds(0), LeaseAction::kTake},
  };
  for (const Row& row : table) {
    EXPECT_EQ(internal::NextLeaseAction(row.record, seen, seen + row.since, options), row.action)
        << row.name;
  }
}

TEST(BuildLeaseTest, CountsTransitionsAndKeepsTheTimeOfATerm) {
  const LeaderElectionOptions options{.name_space = "ns", .name = "lease", .identity = "me"};
  const TimePoint now = *ParseTime("2026-11-25T10:00:00Z");
  const Json made = internal::BuildLease(std::nullopt, LeaseAction::kCreate, now, options);
  EXPECT_EQ(made["spec"], Json::parse(R"({"holderIdentity": "me", "leaseDurationSeconds": 15,
      "leaseTransitions": 0, "acquireTime": "2026-11-25T10:00:00.000000Z",
      "renewTime": "2026-11-25T10:00:00.000000Z"})"));
  EXPECT_FALSE(made["metadata"].contains("resourceVersion"));

  LeaseRecord record = internal::ToLeaseRecord(made);
  record.version = "7";
  const Json renewed = internal::BuildLease(record, LeaseAction::kRenew, now + seconds(2), options);
  EXPECT_EQ(renewed["metadata"]["resourceVersion"], "7");
  EXPECT_EQ(renewed["spec"]["acquireTime"], "2026-11-25T10:00:00.000000Z");
  EXPECT_EQ(renewed["spec"]["renewTime"], "2026-11-25T10:00:02.000000Z");

  record.holder = "other";
  const Json taken = internal::BuildLease(record, LeaseAction::kTake, now + seconds(30), options);
  EXPECT_EQ(taken["spec"]["leaseTransitions"], 1);
  EXPECT_EQ(taken["spec"]["holderIdentity"], "me");
  EXPECT_EQ(taken["spec"]["acquireTime"], "2026-11-25T10:00:30.000000Z");

  const Json released = internal::BuildReleasedLease(record, now, options);
  EXPECT_EQ(released["spec"]["holderIdentity"], "");
  EXPECT_EQ(released["spec"]["leaseDurationSeconds"], 1);
}

class LeaderElectionTest : public ::testing::Test {
 protected:
  struct Candidate {
    std::promise<void> started{};
    std::promise<void> lost{};
    std::unique_ptr<LeaderElection> election{};
    bool Leads() { return started.get_future().wait_for(kLimit) == std::future_status::ready; }
    bool Loses() { return lost.get_future().wait_for(kLimit) == std::future_status::ready; }
  };
  std::unique_ptr<Candidate> Run(const std::string& identity,
                                 milliseconds retry_period = milliseconds(5),
                                 milliseconds renew_deadline = std::chrono::hours(1)) {
    auto candidate = std::make_unique<Candidate>();
    Candidate* raw = candidate.get();
    candidate->election =
        LeaderElection::Start(&api_, {.name_space = "ns",
                                      .name = "lease",
                                      .identity = identity,
                                      .lease_duration = std::chrono::hours(2),
                                      .renew_deadline = renew_deadline,
                                      .retry_period = retry_period,
                                      .on_started = [raw] { raw->started.set_value(); },
                                      .on_lost = [raw] { raw->lost.set_value(); }});
    return candidate;
  }
  std::string Holder() {
    return GetString(api_.outsider().Get(kLeases, "ns", "lease").value(),
                     {"spec", "holderIdentity"});
  }

  testing::FakeApi api_;
};

TEST_F(LeaderElectionTest, OneLeadsAndTheNextFollowsWhenItStops) {
  auto first = Run("a");
  ASSERT_TRUE(first->Leads());
  EXPECT_TRUE(first->election->is_leader());
  auto second = Run("b");
  EXPECT_EQ(Holder(), "a");
  EXPECT_FALSE(second->election->is_leader());
  first->election.reset();
  ASSERT_TRUE(second->Leads());
  EXPECT_EQ(Holder(), "b");
  second->election.reset();
  EXPECT_EQ(Holder(), "");
}

TEST_F(LeaderElectionTest, AServerThatCannotBeReachedEndsTheTerm) {
  auto leader = Run("a", milliseconds(5), milliseconds(300));
  ASSERT_TRUE(leader->Leads());
  api_.Fail({.code = 503, .times = -1});
  ASSERT_TRUE(leader->Loses());
  EXPECT_FALSE(leader->election->is_leader());
}

TEST_F(LeaderElectionTest, ALeaseTakenByAnotherEndsTheTermAtOnce) {
  auto leader = Run("a");
  ASSERT_TRUE(leader->Leads());
  const Json theirs = {{"spec", {{"holderIdentity", "b"}}}};
  ASSERT_TRUE(api_.outsider().Patch(kLeases, "ns", "lease", PatchType::kMerge, theirs).ok());
  ASSERT_TRUE(leader->Loses());
  leader->election.reset();
  EXPECT_EQ(Holder(), "b");  // what is another's is not released
}

TEST_F(LeaderElectionTest, AHolderThatIsDeadIsReplacedWhenItsTimeIsOver) {
  const Json dead = {{"metadata", {{"name", "lease"}}},
                     {"spec", {{"holderIdentity", "dead"}, {"leaseDurationSeconds", 1}}}};
  ASSERT_TRUE(api_.outsider().Create(kLeases, "ns", dead).ok());
  const auto start = std::chrono::steady_clock::now();
  auto next = Run("b");
  ASSERT_TRUE(next->Leads());
  EXPECT_GE(std::chrono::steady_clock::now() - start, seconds(1));
}

// With this period a candidate that only looks now and then would come too late for each test.
constexpr milliseconds kNever = std::chrono::hours(1);

TEST_F(LeaderElectionTest, AFollowerKnowsTheMomentAtWhichALeaseEnds) {
  const Json dead = {{"metadata", {{"name", "lease"}}},
                     {"spec", {{"holderIdentity", "dead"}, {"leaseDurationSeconds", 1}}}};
  ASSERT_TRUE(api_.outsider().Create(kLeases, "ns", dead).ok());
  auto next = Run("b", kNever);
  EXPECT_TRUE(next->Leads());
}

TEST_F(LeaderElectionTest, AFollowerSeesARenewalAtOnceAndCountsFromThere) {
  Json lease = {{"metadata", {{"name", "lease"}}},
                {"spec", {{"holderIdentity", "other"}, {"leaseDurationSeconds", 3600}}}};
  ASSERT_TRUE(api_.outsider().Create(kLeases, "ns", lease).ok());
  auto next = Run("b", kNever);
  const auto end = std::chrono::steady_clock::now() + kLimit;
  while (api_.watch_count(kLeases) == 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
  }
  const Json renewed = {{"spec", {{"leaseDurationSeconds", 1}}}};
  ASSERT_TRUE(api_.outsider().Patch(kLeases, "ns", "lease", PatchType::kMerge, renewed).ok());
  EXPECT_TRUE(next->Leads());
}

TEST_F(LeaderElectionTest, AFollowerSeesAtOnceThatALeaseIsLetGoOrDeleted) {
  auto first = Run("a");
  ASSERT_TRUE(first->Leads());
  auto second = Run("b", kNever);
  first->election.reset();
  ASSERT_TRUE(second->Leads());
  auto third = Run("c", kNever);
  const auto end = std::chrono::steady_clock::now() + kLimit;
  while (api_.watch_count(kLeases) == 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
  }
  ASSERT_TRUE(api_.outsider().Delete(kLeases, "ns", "lease").ok());
  EXPECT_TRUE(third->Leads());
}

TEST_F(LeaderElectionTest, WithoutTheRightToWatchAFollowerLooksEverySoOften) {
  api_.Fail({.method = "WATCH", .code = 403, .reason = "Forbidden", .times = -1});
  api_.Fail({.method = "LIST", .code = 403, .reason = "Forbidden", .times = -1});
  auto first = Run("a");
  ASSERT_TRUE(first->Leads());
  auto second = Run("b");
  first->election.reset();
  EXPECT_TRUE(second->Leads());
}

TEST_F(LeaderElectionTest, OfManyThatStartTogetherOneLeads) {
  std::vector<std::unique_ptr<Candidate>> candidates;
  for (int i = 0; i < 4; ++i) candidates.push_back(Run("c" + std::to_string(i)));
  const auto leaders = [&] {
    int count = 0;
    for (const auto& candidate : candidates) count += candidate->election->is_leader() ? 1 : 0;
    return count;
  };
  const auto end = std::chrono::steady_clock::now() + kLimit;
  while (leaders() == 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(leaders(), 1);
}

}  // namespace
}  // namespace trainyard::kube
