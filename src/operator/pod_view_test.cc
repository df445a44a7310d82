#include "operator/pod_view.h"

#include <gtest/gtest.h>

#include "operator/testing/objects.h"

namespace trainyard::operators {
namespace {

using job::Phase;
using kube::Json;
using testing::Ended;
using testing::Pod;
using testing::Running;

Json BeingDeleted(Json pod) {
  pod["metadata"]["deletionTimestamp"] = "2026-11-25T21:04:00Z";
  return pod;
}

// As the operator reads it: of the text, what PodFields() names.
PodView View(const Json& pod) {
  const auto read = kube::ParseObject("a pod", pod.dump(), PodFields());
  return ToPodView(read.ok() ? *read : Json());
}

TEST(PodViewTest, KnowsReplicaAndOwner) {
  const PodView view = View(Pod("worker", 3, 2));
  EXPECT_TRUE(view.has_id);
  EXPECT_EQ(view.replica.id, (job::ReplicaId{spec::ReplicaType::kWorker, 3}));
  EXPECT_EQ(view.replica.instance, 2);
  EXPECT_EQ(view.owner_uid, kube::ToCompactUid("job-uid"));
  EXPECT_EQ(view.job_key, "team/mnist");
  EXPECT_EQ(view.replica.phase, Phase::kPending);
}

TEST(PodViewTest, PodsOfOthersHaveNoReplica) {
  Json pod = Pod("worker", 0);
  pod["metadata"]["labels"]["training.kubeflow.org/replica-index"] = "-1";
  EXPECT_FALSE(View(pod).has_id);
  EXPECT_FALSE(View(Json::object()).has_id);
  EXPECT_FALSE(View(Json()).has_id);
}

TEST(PodViewTest, RunsAndEndsAsItsContainerDoes) {
  EXPECT_EQ(View(Running(Pod("worker", 0))).replica.phase, Phase::kRunning);
  const job::ReplicaView done = View(Ended(Pod("worker", 0), 0)).replica;
  EXPECT_EQ(done.phase, Phase::kSucceeded);
  EXPECT_EQ(done.ended_at - done.started_at, std::chrono::seconds(298));
  const job::ReplicaView killed = View(Ended(Pod("worker", 0), 137)).replica;
  EXPECT_EQ(killed.phase, Phase::kFailed);
  EXPECT_EQ(killed.exit_code, 137);
  EXPECT_FALSE(killed.disrupted);
}

TEST(PodViewTest, ASidecarNeitherHoldsUpTheEndNorFailsIt) {
  Json pod = Ended(Pod("worker", 0), 0);
  pod["status"]["phase"] = "Running";
  pod["status"]["containerStatuses"].insert(
      pod["status"]["containerStatuses"].begin(),
      {{"name", "proxy"}, {"state", {{"running", {{"startedAt", "2026-11-25T21:00:02Z"}}}}}});
  EXPECT_EQ(View(pod).replica.phase, Phase::kSucceeded);
  EXPECT_TRUE(View(pod).replica.lingers);

  Json failed = Ended(Pod("worker", 0), 0);
  failed["status"]["phase"] = "Failed";  // the sidecar's doing
  EXPECT_EQ(View(failed).replica.phase, Phase::kSucceeded);
  EXPECT_FALSE(View(failed).replica.lingers);
}

TEST(PodViewTest, WhatTheKubeletStartsAgainStillRuns) {
  Json pod = Running(Pod("worker", 0));
  pod["spec"]["restartPolicy"] = "OnFailure";
  Json& container = pod["status"]["containerStatuses"][0];
  container["restartCount"] = 2;
  container["lastState"] = {{"terminated", {{"exitCode", 7}}}};
  container["state"] = {{"waiting", {{"reason", "CrashLoopBackOff"}}}};
  const job::ReplicaView view = View(pod).replica;
  EXPECT_EQ(view.phase, Phase::kRunning);
  EXPECT_EQ(view.in_place_restarts, 2);
  EXPECT_EQ(view.exit_code, 7);

  // Between its end and its next start it is shown as terminated.
  container["state"] = {{"terminated", {{"exitCode", 7}}}};
  EXPECT_EQ(View(pod).replica.phase, Phase::kRunning);
  // But with 0 it has ended under OnFailure, and for good.
  container["state"] = {{"terminated", {{"exitCode", 0}}}};
  EXPECT_EQ(View(pod).replica.phase, Phase::kSucceeded);
}

TEST(PodViewTest, EndsFromOutsideAreDisruptions) {
  EXPECT_TRUE(View(BeingDeleted(Ended(Pod("worker", 0), 137))).replica.disrupted);
  // One that ended with 0 has succeeded if it did so before it was told to end.
  Json done = BeingDeleted(Ended(Pod("worker", 0), 0));
  done["metadata"]["deletionTimestamp"] = "2026-11-25T21:05:31Z";
  done["metadata"]["deletionGracePeriodSeconds"] = 30;
  EXPECT_EQ(View(done).replica.phase, Phase::kSucceeded);
  done["metadata"]["deletionGracePeriodSeconds"] = 40;
  EXPECT_EQ(View(done).replica.phase, Phase::kFailed);
  EXPECT_TRUE(View(done).replica.disrupted);

  Json evicted = Pod("worker", 0);
  evicted["status"] = {{"phase", "Failed"}, {"reason", "Evicted"}};
  EXPECT_TRUE(View(evicted).replica.disrupted);
  EXPECT_EQ(View(evicted).replica.exit_code, 0);

  Json preempted = Ended(Pod("worker", 0), 143);
  preempted["status"]["conditions"] = {{{"type", "DisruptionTarget"}, {"status", "True"}}};
  EXPECT_TRUE(View(preempted).replica.disrupted);

  Json too_long = Ended(Pod("worker", 0), 137);
  too_long["status"]["reason"] = "DeadlineExceeded";
  EXPECT_FALSE(View(too_long).replica.disrupted);
}

TEST(PodViewTest, AnEndBeforeTheDeletionIsThePodsOwn) {
  // Failed at 21:05:00, and 30 s are its grace: deleted at 21:05:01, to be replaced.
  Json failed = BeingDeleted(Ended(Pod("worker", 0), 3));
  failed["metadata"]["deletionTimestamp"] = "2026-11-25T21:05:31Z";
  failed["metadata"]["deletionGracePeriodSeconds"] = 30;
  EXPECT_EQ(View(failed).replica.phase, Phase::kFailed);
  EXPECT_FALSE(View(failed).replica.disrupted);
  // Of an ended pod no grace is asked for.
  failed["metadata"]["deletionTimestamp"] = "2026-11-25T21:05:01Z";
  failed["metadata"]["deletionGracePeriodSeconds"] = 0;
  EXPECT_FALSE(View(failed).replica.disrupted);

  // Within the same second one cannot tell; a program that ends as soon as it is told is usual.
  failed["metadata"]["deletionTimestamp"] = "2026-11-25T21:05:00Z";
  EXPECT_TRUE(View(failed).replica.disrupted);

  // Who was drained says so whenever it was.
  failed["metadata"]["deletionTimestamp"] = "2026-11-25T21:05:01Z";
  failed["status"]["conditions"] = {{{"type", "DisruptionTarget"}, {"status", "True"}}};
  EXPECT_TRUE(View(failed).replica.disrupted);

  // A container that the kubelet has lost has no time of its end.
  Json lost = BeingDeleted(Ended(Pod("worker", 0), 137));
  lost["status"]["containerStatuses"][0]["state"]["terminated"] = {
      {"exitCode", 137}, {"reason", "ContainerStatusUnknown"}, {"finishedAt", nullptr}};
  EXPECT_TRUE(View(lost).replica.disrupted);
}

TEST(PodViewTest, ADeletedPodThatStillRunsIsStillThere) {
  const PodView view = View(BeingDeleted(Running(Pod("worker", 0))));
  EXPECT_EQ(view.replica.phase, Phase::kRunning);
  EXPECT_TRUE(view.deleted_at.has_value());
}

TEST(PodViewTest, SaysWhatAPodWaitsFor) {
  Json pod = Pod("worker", 0);
  pod["status"]["conditions"] = {{{"type", "PodScheduled"},
                                  {"status", "False"},
                                  {"reason", "Unschedulable"},
                                  {"message", "0/3 nodes are available"}}};
  EXPECT_EQ(View(pod).replica.waiting_for, "Unschedulable: 0/3 nodes are available");
  pod["status"]["containerStatuses"] = {
      {{"name", "tensorflow"},
       {"state", {{"waiting", {{"reason", "ImagePullBackOff"}, {"message", "no such image"}}}}}}};
  EXPECT_EQ(View(pod).replica.waiting_for, "ImagePullBackOff: no such image");
  pod["status"]["containerStatuses"][0]["state"]["waiting"] = {{"reason", "ContainerCreating"}};
  pod["status"]["conditions"] = Json::array();
  EXPECT_EQ(View(pod).replica.waiting_for, "");
}

TEST(PodViewTest, RunningOutOfMemoryIsSeen) {
  Json pod = Ended(Pod("worker", 0), 137);
  pod["status"]["containerStatuses"][0]["state"]["terminated"]["reason"] = "OOMKilled";
  EXPECT_TRUE(View(pod).replica.out_of_memory);
}

}  // namespace
}  // namespace trainyard::operators
