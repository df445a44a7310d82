#include "train/strategies/membership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

spec::TaskConfig Task(const std::string& cluster, const std::string& type, int index) {
  return spec::ParseTfConfig(fmt::format(R"({{"cluster":{},"task":{{"type":"{}","index":{}}}}})",
                                         cluster, type, index))
      .value();
}

TEST(MembershipTest, WithoutAChiefTheWorkersTakeTheirOwnNumbers) {
  const std::string cluster = R"({"worker":["a:1","b:2","c:3"]})";
  const Membership members = MembershipOf(Task(cluster, "worker", 2));
  EXPECT_EQ(members.rank, 2);
  EXPECT_THAT(members.names, ElementsAre("worker 0", "worker 1", "worker 2"));
  EXPECT_THAT(members.addresses, ElementsAre("a:1", "b:2", "c:3"));
  EXPECT_TRUE(Task(cluster, "worker", 0).is_chief);
  EXPECT_FALSE(Task(cluster, "worker", 1).is_chief);
}

TEST(MembershipTest, AChiefOrMasterComesFirst) {
  for (const std::string leader : {"chief", "master"}) {
    const std::string cluster = fmt::format(R"({{"{}":["a:1"],"worker":["b:2","c:3"]}})", leader);
    const Membership members = MembershipOf(Task(cluster, "worker", 1));
    EXPECT_EQ(members.rank, 2);
    EXPECT_THAT(members.names, ElementsAre(leader + " 0", "worker 0", "worker 1"));
    EXPECT_EQ(MembershipOf(Task(cluster, leader, 0)).rank, 0);
  }
}

TEST(MembershipTest, AnEvaluatorIsNoMember) {
  const std::string cluster = R"({"chief":["a:1"],"evaluator":["e:1"],"worker":["b:2","c:3"]})";
  const Membership members = MembershipOf(Task(cluster, "worker", 0));
  EXPECT_EQ(members.rank, 1);
  EXPECT_THAT(members.addresses, ElementsAre("a:1", "b:2", "c:3"));
}

TEST(MembershipTest, WorkersOfASparseClusterKeepTheirNamesAndTakeTheirOrder) {
  const Membership members = MembershipOf(Task(R"({"worker":{"0":"a:1","4":"b:2"}})", "worker", 4));
  EXPECT_EQ(members.rank, 1);
  EXPECT_THAT(members.names, ElementsAre("worker 0", "worker 4"));
}

TEST(ThreadsBesideTest, SharesTheCoresWithThoseOnTheSameHost) {
  Membership members{.rank = 0, .names = {}, .addresses = {"a:1", "a:2", "b:1"}};
  EXPECT_EQ(ThreadsBeside(members, 8), 4);
  EXPECT_EQ(ThreadsBeside(members, 1), 1);
  members.rank = 2;
  EXPECT_EQ(ThreadsBeside(members, 8), 0);
}

class ChooseSourceTest : public ::testing::Test {
 protected:
  Result<int> Choose(std::vector<int64_t> steps) {
    std::vector<MemberState> states;
    for (const int64_t step : steps) {
      states.push_back({.step = step, .variables = 8, .exchanged = 2});
    }
    return ChooseSource(members_, states);
  }
  const Membership members_{
      .rank = 0, .names = {"chief 0", "worker 0", "worker 1"}, .addresses = {}};
};

TEST_F(ChooseSourceTest, TheFurthestGivesItsVariables) {
  EXPECT_EQ(Choose({5, 7, 6}).value(), 1);
  EXPECT_EQ(Choose({-1, -1, 3}).value(), 2);
}

TEST_F(ChooseSourceTest, OfEqualsTheChiefDoes) {
  EXPECT_EQ(Choose({7, 7, 7}).value(), 0);
  EXPECT_EQ(Choose({0, -1, -1}).value(), 0);
  EXPECT_EQ(Choose({6, 7, 7}).value(), 1);
}

TEST_F(ChooseSourceTest, AMemberWithAnotherModelIsNamed) {
  const std::vector<MemberState> states = {{.step = 1, .variables = 8, .exchanged = 2},
                                           {.step = 1, .variables = 8, .exchanged = 2},
                                           {.step = 1, .variables = 12, .exchanged = 3}};
  const Status status = ChooseSource(members_, states).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("worker 1 has another model than chief 0: 12 bytes"));
}

}  // namespace
}  // namespace trainyard::train
