#include "operator/steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/testing/objects.h"

namespace trainyard::operators {
namespace {

using job::Action;
using job::ReplicaId;
using spec::ReplicaType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const job::TimePoint kNow = *kube::ParseTime("2026-11-25T21:10:00Z");
constexpr ReplicaId kChief{ReplicaType::kChief, 0};
constexpr ReplicaId kWorker{ReplicaType::kWorker, 0};
constexpr ReplicaId kPs{ReplicaType::kPs, 0};

LoadedJob Load(kube::Json object) {
  LoadedJob loaded = LoadJob(std::move(object));
  EXPECT_TRUE(loaded.problem.ok()) << loaded.problem;
  return loaded;
}

kube::Json Service(const std::string& type, int index) {
  kube::Json service = testing::Pod(type, index);
  service["metadata"]["uid"] = "service-uid-" + type;
  return service;
}

Owned Own(const std::vector<kube::Json>& pods, const std::vector<kube::Json>& services) {
  Owned owned;
  for (const auto& pod : pods) owned.pods.push_back(std::make_shared<PodView>(ToPodView(pod)));
  std::sort(owned.pods.begin(), owned.pods.end(),
            [](const auto& a, const auto& b) { return a->replica.id < b->replica.id; });
  for (const auto& service : services) {
    owned.services.push_back(std::make_shared<ServiceView>(ToServiceView(service)));
  }
  return owned;
}

std::vector<kube::Json> AllServices() {
  return {Service("ps", 0), Service("chief", 0), Service("worker", 0), Service("worker", 1)};
}

TEST(StepsTest, ANewJobGetsAServiceBesideEachPod) {
  const LoadedJob loaded = Load(testing::TFJob());
  const Steps steps = PlanSteps(loaded, job::Plan(loaded.job, {}, {}, kNow), {});
  EXPECT_EQ(steps.create_pods.size(), 4u);
  EXPECT_THAT(steps.create_services,
              ElementsAre(kPs, kChief, kWorker, ReplicaId{ReplicaType::kWorker, 1}));
  EXPECT_TRUE(steps.are_first_starts());
}

TEST(StepsTest, AHugeJobComesInParts) {
  const LoadedJob loaded = Load(testing::TFJob());
  Steps steps = PlanSteps(loaded, job::Plan(loaded.job, {}, {}, kNow), {});
  EXPECT_FALSE(KeepFirst(4, &steps));
  EXPECT_TRUE(KeepFirst(2, &steps));
  EXPECT_THAT(steps.create_pods, ElementsAre(CreateStep{kPs}, CreateStep{kChief}));
  EXPECT_THAT(steps.create_services, ElementsAre(kPs, kChief));

  // Services that were deleted, of pods that are there.
  steps = {.create_services = {kPs, kChief, kWorker}};
  EXPECT_TRUE(KeepFirst(2, &steps));
  EXPECT_THAT(steps.create_services, ElementsAre(kPs, kChief));
}

TEST(StepsTest, WhatIsThereIsNotMadeAgain) {
  const LoadedJob loaded = Load(testing::TFJob());
  const Owned owned = Own({testing::Pod("ps", 0), testing::Pod("chief", 0),
                           testing::Pod("worker", 0), testing::Pod("worker", 1)},
                          AllServices());
  const Steps steps = PlanSteps(loaded, job::Plan(loaded.job, {}, owned.views(), kNow), owned);
  EXPECT_TRUE(steps.empty());
}

TEST(StepsTest, AServiceThatSomebodyDeletedIsMadeAgain) {
  const LoadedJob loaded = Load(testing::TFJob());
  const Owned owned = Own({testing::Pod("ps", 0), testing::Pod("chief", 0),
                           testing::Pod("worker", 0), testing::Pod("worker", 1)},
                          {Service("ps", 0), Service("chief", 0), Service("worker", 1)});
  const Steps steps = PlanSteps(loaded, job::Plan(loaded.job, {}, owned.views(), kNow), owned);
  EXPECT_THAT(steps.create_services, ElementsAre(kWorker));
  EXPECT_THAT(steps.create_pods, IsEmpty());
}

TEST(StepsTest, AnEndedPodMakesRoomForTheNextInstance) {
  const LoadedJob loaded = Load(testing::TFJob());
  const Owned owned = Own({testing::Ended(testing::Pod("worker", 0), 137)}, AllServices());
  const Steps steps = PlanSteps(
      loaded,
      {.actions = {{Action::Kind::kStart, kWorker, 1}}, .status = {}, .events = {}, .wake_at = {}},
      owned);
  EXPECT_THAT(steps.delete_pods, ElementsAre(EndStep{"mnist-worker-0", "pod-uid-worker0-0"}));
  EXPECT_THAT(steps.create_pods, ElementsAre(CreateStep{kWorker, 1}));
  EXPECT_FALSE(steps.are_first_starts());
}

TEST(StepsTest, APodThatIsBeingDeletedIsWaitedFor) {
  const LoadedJob loaded = Load(testing::TFJob());
  kube::Json pod = testing::Running(testing::Pod("worker", 0));
  pod["metadata"]["deletionTimestamp"] = "2026-11-25T21:09:00Z";
  const Owned owned = Own({pod}, AllServices());
  const job::PlanResult start{
      .actions = {{Action::Kind::kStart, kWorker, 1}}, .status = {}, .events = {}, .wake_at = {}};
  EXPECT_TRUE(PlanSteps(loaded, start, owned).empty());
  const job::PlanResult stop{
      .actions = {{Action::Kind::kStop, kWorker, 0}}, .status = {}, .events = {}, .wake_at = {}};
  EXPECT_TRUE(PlanSteps(loaded, stop, owned).empty());
}

class EndTest : public ::testing::Test {
 protected:
  // What is done when the chief has succeeded and time is over for the others.
  Steps AfterSuccess(const char* clean_pod_policy, const Owned& owned) {
    kube::Json object = testing::TFJob();
    object["spec"]["runPolicy"]["cleanPodPolicy"] = clean_pod_policy;
    const LoadedJob loaded = Load(object);
    job::PlanResult plan = job::Plan(loaded.job, {}, owned.views(), kNow);
    EXPECT_TRUE(plan.status.Is(job::ConditionType::kSucceeded));
    plan = job::Plan(loaded.job, plan.status, owned.views(), kNow + std::chrono::hours(1));
    return PlanSteps(loaded, plan, owned);
  }

  const Owned with_server_ =
      Own({testing::Running(testing::Pod("ps", 0)), testing::Ended(testing::Pod("chief", 0), 0)},
          AllServices());
  const Owned all_ended_ = Own({testing::Ended(testing::Pod("chief", 0), 0)}, AllServices());
};

TEST_F(EndTest, RunningDeletesWhatRuns) {
  const Steps steps = AfterSuccess("Running", with_server_);
  EXPECT_THAT(steps.delete_pods, ElementsAre(EndStep{"mnist-ps-0", "pod-uid-ps0-0"}));
  EXPECT_THAT(steps.end_pods, IsEmpty());
}

TEST_F(EndTest, NoneEndsTheServerWhereItIsAndOnce) {
  const Steps steps = AfterSuccess("None", with_server_);
  EXPECT_THAT(steps.delete_pods, IsEmpty());
  EXPECT_THAT(steps.end_pods, ElementsAre(EndStep{"mnist-ps-0", "pod-uid-ps0-0"}));

  kube::Json told = testing::Running(testing::Pod("ps", 0));
  told["spec"]["activeDeadlineSeconds"] = 1;
  const Owned owned = Own({told, testing::Ended(testing::Pod("chief", 0), 0)}, AllServices());
  EXPECT_THAT(AfterSuccess("None", owned).end_pods, IsEmpty());
}

TEST_F(EndTest, AllDeletesWhatHasEndedToo) {
  EXPECT_THAT(AfterSuccess("All", all_ended_).delete_pods,
              ElementsAre(EndStep{"mnist-chief-0", "pod-uid-chief0-0"}));
}

TEST_F(EndTest, ServicesGoTogetherWhenTheLastIsNotNeededAnyMore) {
  const Steps with_server = AfterSuccess("Running", with_server_);
  EXPECT_FALSE(with_server.delete_all_services);
  EXPECT_THAT(with_server.delete_services, IsEmpty());
  const Steps after = AfterSuccess("Running", all_ended_);
  EXPECT_TRUE(after.delete_all_services);
  EXPECT_EQ(after.delete_services.size(), 4u);
}

}  // namespace
}  // namespace trainyard::operators
