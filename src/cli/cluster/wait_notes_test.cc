#include "cli/cluster/wait_notes.h"

#include <gtest/gtest.h>

#include "operator/testing/objects.h"

namespace trainyard::cli {
namespace {

using operators::PodView;
using operators::ToPodView;
using operators::testing::Pod;
using operators::testing::Running;
using std::chrono::seconds;

const WaitNotes::TimePoint kNow{seconds(1000)};

PodView Unschedulable(const std::string& message) {
  kube::Json pod = Pod("worker", 0);
  pod["status"]["conditions"] = {{{"type", "PodScheduled"},
                                  {"status", "False"},
                                  {"reason", "Unschedulable"},
                                  {"message", message}}};
  return ToPodView(pod);
}

PodView Waiting(const std::string& reason, const std::string& message) {
  kube::Json pod = Pod("worker", 0);
  pod["spec"]["nodeName"] = "n1";
  pod["status"]["containerStatuses"] = {
      {{"name", "tensorflow"},
       {"state", {{"waiting", {{"reason", reason}, {"message", message}}}}}}};
  return ToPodView(pod);
}

TEST(WaitNotesTest, ACauseIsSaidAtOnceAndOnlyOnce) {
  WaitNotes notes;
  EXPECT_EQ(notes.Next(Unschedulable("0/3 nodes are available: 3 Insufficient cpu."), kNow),
            "waiting for mnist-worker-0: Pending, 0/3 nodes are available: 3 Insufficient cpu.");
  EXPECT_EQ(notes.Next(Unschedulable("0/3 nodes are available: 3 Insufficient cpu."), kNow), "");
}

TEST(WaitNotesTest, AnotherCauseIsSaidButNoneThatComesBack) {
  WaitNotes notes;
  EXPECT_NE(notes.Next(Unschedulable("0/3 nodes are available"), kNow), "");
  EXPECT_EQ(notes.Next(Waiting("ErrImagePull", "no such image"), kNow),
            "waiting for mnist-worker-0: Pending, ErrImagePull: no such image");
  EXPECT_EQ(notes.Next(Waiting("ImagePullBackOff", "Back-off pulling"), kNow),
            "waiting for mnist-worker-0: Pending, ImagePullBackOff: Back-off pulling");
  EXPECT_EQ(notes.Next(Waiting("ErrImagePull", "no such image"), kNow), "");
}

TEST(WaitNotesTest, AnOrdinaryStartIsWorthAWordOnlyIfItTakesLong) {
  WaitNotes notes;
  EXPECT_EQ(notes.Next(ToPodView(Pod("worker", 0)), kNow), "");
  EXPECT_EQ(notes.Next(Waiting("ContainerCreating", ""), kNow + seconds(4)), "");
  EXPECT_EQ(notes.Next(Waiting("ContainerCreating", ""), kNow + seconds(5)),
            "waiting for mnist-worker-0: Pending, node n1 prepares it");
  EXPECT_EQ(notes.Next(Waiting("ContainerCreating", ""), kNow + seconds(50)), "");
  EXPECT_EQ(notes.Next(ToPodView(Pod("worker", 0)), kNow + seconds(60)),
            "waiting for mnist-worker-0: Pending, no node has been chosen for it yet");
}

TEST(WaitNotesTest, EachPodIsItsOwn) {
  WaitNotes notes;
  PodView pod = Unschedulable("0/3 nodes are available");
  EXPECT_NE(notes.Next(pod, kNow), "");
  pod.uid = "its successor";
  EXPECT_NE(notes.Next(pod, kNow), "");
}

TEST(WaitNotesTest, WhatRunsOrGoesAwayIsNotWaitedFor) {
  WaitNotes notes;
  EXPECT_EQ(notes.Next(ToPodView(Running(Pod("worker", 0))), kNow + seconds(60)), "");
  PodView pod = Unschedulable("0/3 nodes are available");
  pod.deleted_at = job::TimePoint(seconds(1));
  EXPECT_EQ(notes.Next(pod, kNow), "");
}

TEST(WaitNotesTest, AMessageIsOneLine) {
  WaitNotes notes;
  EXPECT_EQ(notes.Next(Unschedulable("a\nb\x1b[31m\r"), kNow),
            "waiting for mnist-worker-0: Pending, a b ");
}

}  // namespace
}  // namespace trainyard::cli
