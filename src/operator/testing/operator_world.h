// A cluster in memory with a TFJob team/mnist in it, a kubelet that runs its pods, and processes of
// the operator, for tests of the whole of it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "kube/testing/fake_api.h"
#include "operator/controller.h"
#include "operator/names.h"
#include "operator/status_json.h"
#include "operator/testing/objects.h"

namespace trainyard::operators::testing {

using kube::Json;
using kube::testing::FakeApi;
using std::chrono::milliseconds;

inline ControllerOptions QuickOptions() {
  ControllerOptions options;
  options.workers = 2;
  options.gather = milliseconds(1);
  options.reconciler.count_delay = milliseconds(20);
  options.reconciler.plan.restart_delays = {milliseconds(1), milliseconds(5),
                                            milliseconds(600'000)};
  options.reconciler.plan.ps_grace = options.reconciler.plan.worker_grace = milliseconds(0);
  return options;
}

// One process of the operator.
struct Process {
  explicit Process(FakeApi* api, const ControllerOptions& options = QuickOptions())
      : timers(kube::TimerQueue::Start()),
        events(kube::EventRecorder::Start(api, {.controller = "tfjob-controller",
                                                .merge_window = milliseconds(5),
                                                .farewell = milliseconds(20),
                                                .join = JoinNotes})),
        metrics(Metrics::Create()),
        controller(Controller::Start(api, timers.get(), events.get(), metrics.get(), options)) {}

  std::unique_ptr<kube::TimerQueue> timers;
  std::unique_ptr<kube::EventRecorder> events;
  std::unique_ptr<Metrics> metrics;
  std::unique_ptr<Controller> controller;
};

// The rest of the cluster: pods run as soon as they are there; the first worker-0 is killed; the
// chief succeeds when a second worker-0 runs.
class Kubelet {
 public:
  explicit Kubelet(FakeApi* api) : api_(api) {}

  void Step() {
    const bool is_restarted = IsRunning("worker", 0, 1);
    for (const auto& object : api_->objects(kube::kPods)) {
      const Json& pod = *object;
      made_[kube::Name(pod) + "#" + kube::Label(pod, kInstanceLabel)].insert(kube::Uid(pod));
      const std::string phase = kube::GetString(pod, {"status", "phase"});
      if (phase.empty() || phase == "Pending") {
        SetStatus(pod, Running(pod)["status"]);
      } else if (phase == "Running" && kube::Name(pod) == "mnist-worker-0" &&
                 kube::Label(pod, kInstanceLabel) == "0") {
        SetStatus(pod, Ended(pod, 137)["status"]);
      } else if (phase == "Running" && kube::Name(pod) == "mnist-chief-0" && is_restarted) {
        SetStatus(pod, Ended(pod, 0)["status"]);
      }
    }
  }

  // Uids of each pod and instance that there has ever been.
  const std::map<std::string, std::set<std::string>>& made() const { return made_; }

 private:
  bool IsRunning(const std::string& type, int index, int instance) const {
    for (const auto& object : api_->objects(kube::kPods)) {
      if (kube::Name(*object) == "mnist-" + type + "-" + std::to_string(index) &&
          kube::Label(*object, kInstanceLabel) == std::to_string(instance) &&
          kube::GetString(*object, {"status", "phase"}) == "Running") {
        return true;
      }
    }
    return false;
  }

  void SetStatus(const Json& pod, const Json& status) {
    (void)api_->outsider().Patch(kube::kPods, "team", kube::Name(pod), kube::PatchType::kMerge,
                                 {{"metadata", {{"uid", kube::Uid(pod)}}}, {"status", status}},
                                 "status");
  }

  FakeApi* const api_;
  std::map<std::string, std::set<std::string>> made_;
};

class OperatorTest : public ::testing::Test {
 protected:
  OperatorTest() {
    Json job = TFJob(2);
    job["metadata"].erase("uid");
    job["metadata"].erase("resourceVersion");
    job["spec"]["runPolicy"]["cleanPodPolicy"] = "Running";
    for (auto& [type, replica] : job["spec"]["tfReplicaSpecs"].items()) {
      replica["restartPolicy"] = "ExitCode";
    }
    EXPECT_TRUE(api_.outsider().Create(kTFJobs, "team", job).ok());
  }

  Json Job() { return api_.outsider().Get(kTFJobs, "team", "mnist").value_or(Json()); }

  bool IsDone() {
    if (ReadState(Job()) != job::ConditionType::kSucceeded) return false;
    return api_.objects(kube::kServices).empty() && NumRunning() == 0;
  }

  int NumRunning() const {
    int running = 0;
    for (const auto& object : api_.objects(kube::kPods)) {
      running += kube::GetString(*object, {"status", "phase"}) == "Running" ? 1 : 0;
    }
    return running;
  }

  // Until the job is over and everything cleared away, or the process is dead. False: neither, in
  // time.
  bool Run() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::chrono::steady_clock::now() < deadline) {
      kubelet_.Step();
      if (api_.is_killed() || IsDone()) return true;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return false;
  }

  void ExpectSoundEnd(const std::string& when) {
    SCOPED_TRACE(when);
    EXPECT_TRUE(IsDone()) << Job().dump(1);
    for (const auto& [name, uids] : kubelet_.made()) EXPECT_EQ(uids.size(), 1u) << name;
    EXPECT_TRUE(kubelet_.made().contains("mnist-worker-0#1"));
    EXPECT_EQ(kubelet_.made().size(), 5u);
    EXPECT_EQ(ReadStatus(Job()).total_restarts(), 1) << Job().dump(1);
    EXPECT_EQ(api_.objects(kube::kPods).size(), 1u) << "only the chief's ended pod stays";
  }

  FakeApi api_;
  Kubelet kubelet_{&api_};
};

}  // namespace trainyard::operators::testing
