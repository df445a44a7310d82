#include "operator/controller.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "operator/testing/operator_world.h"

namespace trainyard::operators {
namespace {

using kube::Json;
using std::chrono::milliseconds;
using testing::OperatorTest;
using testing::Process;
using testing::QuickOptions;

class ControllerTest : public OperatorTest {
 protected:
  // False if it does not come true in time.
  static bool Eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }

  void AddJob(const std::string& name, const std::string& name_space, int workers) {
    Json job = testing::TFJob(workers);
    job["metadata"] = {{"name", name}, {"namespace", name_space}};
    ASSERT_TRUE(api_.outsider().Create(kTFJobs, name_space, job).ok());
  }

  int NumWrites(const std::string& method, const std::string& path_part) {
    int count = 0;
    for (const auto& request : api_.requests()) {
      if (request.method == method && request.path.find(path_part) != std::string::npos) ++count;
    }
    return count;
  }
};

TEST_F(ControllerTest, OtherNamespacesAreNoneOfItsBusiness) {
  ControllerOptions options = QuickOptions();
  options.namespaces = {"team", "more"};
  AddJob("here", "more", 1);
  AddJob("elsewhere", "other", 1);
  Process process(&api_, options);
  EXPECT_TRUE(Eventually([&] { return NumWrites("POST", "namespaces/team/pods") == 4; }));
  EXPECT_TRUE(Eventually([&] { return NumWrites("POST", "namespaces/more/pods") == 3; }));
  EXPECT_EQ(NumWrites("POST", "namespaces/other/"), 0);
}

TEST_F(ControllerTest, AStaleCacheMakesNoSecondPods) {
  api_.Hold(kube::kPods);
  api_.Hold(kube::kServices);
  Process process(&api_);
  api_.Release(kube::kPods);  // the first list; then nothing more comes
  api_.Release(kube::kServices);
  ASSERT_TRUE(Eventually([&] { return process.controller->is_synced(); }));
  api_.Hold(kube::kPods);
  api_.Hold(kube::kServices);
  EXPECT_TRUE(Eventually([&] { return NumWrites("POST", "/pods") >= 4; }));
  // More passes, by changes of the job.
  for (int i = 0; i < 5; ++i) {
    (void)api_.outsider().Patch(kTFJobs, "team", "mnist", kube::PatchType::kMerge,
                                {{"spec", {{"runPolicy", {{"backoffLimit", 10 + i}}}}}});
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(NumWrites("POST", "/pods"), 4);
  EXPECT_EQ(NumWrites("POST", "/services"), 4);
}

TEST_F(ControllerTest, AnUndisturbedJobTakesFewRequests) {
  Process process(&api_);
  ASSERT_TRUE(Run());
  EXPECT_EQ(NumWrites("POST", "/pods"), 5);  // a worker runs twice
  EXPECT_EQ(NumWrites("POST", "/services"), 4);
  EXPECT_EQ(NumWrites("DELETE", "/services"), 1);
}

TEST_F(ControllerTest, WhatTheServerRefusesIsAskedForAgainAndTold) {
  api_.Fail(
      {.method = "POST", .path_part = "/pods", .code = 403, .reason = "Forbidden", .times = 2});
  Process process(&api_);
  ASSERT_TRUE(Run());
  ExpectSoundEnd("after two refusals");
  EXPECT_TRUE(Eventually([&] {
    for (const auto& event : api_.objects(kube::kEvents)) {
      if (kube::GetString(*event, {"reason"}) == "FailedCreatePod") return true;
    }
    return false;
  }));
}

TEST_F(ControllerTest, ANamespaceThatIsBeingDeletedIsLeftInPeace) {
  api_.EndNamespace("team");
  AddJob("second", "more", 1);
  ::testing::internal::CaptureStderr();
  {
    Process process(&api_);
    EXPECT_TRUE(Eventually([&] { return NumWrites("POST", "namespaces/team/pods") >= 4; }));
    // Passes that nothing has asked for would be many by now.
    std::this_thread::sleep_for(milliseconds(100));
    const int tries = NumWrites("POST", "namespaces/team/pods");
    EXPECT_LE(tries, 8) << "the first pass, and one for its own write of the status";
    EXPECT_EQ(process.metrics->Page().find("result=\"error\""), std::string::npos);
    EXPECT_EQ(ReadState(Job()), job::ConditionType::kCreated);

    // What happens to the job is looked at as ever.
    (void)api_.outsider().Patch(kTFJobs, "team", "mnist", kube::PatchType::kMerge,
                                {{"spec", {{"runPolicy", {{"backoffLimit", 3}}}}}});
    EXPECT_TRUE(Eventually([&] { return NumWrites("POST", "namespaces/team/pods") > tries; }));
    // Other namespaces go on.
    EXPECT_TRUE(
        Eventually([&] { return api_.outsider().Get(kube::kPods, "more", "second-ps-0").ok(); }));
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("I "), std::string::npos) << log;
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
  for (const auto& request : api_.requests()) {
    EXPECT_EQ(request.body.find("FailedCreate"), std::string::npos) << request.body;
  }
}

TEST_F(ControllerTest, AConflictingWriterIsReadAgain) {
  api_.Fail(
      {.method = "PATCH", .path_part = "/status", .code = 409, .reason = "Conflict", .times = 3});
  Process process(&api_);
  ASSERT_TRUE(Run());
  ExpectSoundEnd("after three conflicts");
}

TEST_F(ControllerTest, HugeJobsDoNotStarveASmallOne) {
  constexpr int kJobs = 5;  // more than there are workers
  for (int i = 0; i < kJobs; ++i) AddJob(fmt::format("huge-{}", i), "team", 200);
  const auto has_pod = [&](const std::string& name) {
    return api_.outsider().Get(kube::kPods, "team", name).ok();
  };
  // The small one comes when the huge ones have begun, and is there before any of them is whole.
  std::once_flag has_come;
  std::atomic<bool> is_starved = false;
  api_.SetBeforeRequest([&](const kube::ApiRequest& request) {
    if (request.method != "POST" || request.path.find("/pods") == std::string::npos) return;
    std::call_once(has_come, [&] {
      AddJob("small", "team", 1);
      EXPECT_TRUE(api_.WaitUntilDelivered(std::chrono::minutes(1)));
    });
    if (request.body.find("-worker-199\"") == std::string::npos || is_starved) return;
    if (!Eventually([&] { return has_pod("small-worker-0"); })) is_starved = true;
  });
  Process process(&api_);
  EXPECT_TRUE(Eventually([&] {
    int num_whole = 0;
    for (int i = 0; i < kJobs; ++i) {
      num_whole += has_pod(fmt::format("huge-{}-worker-199", i)) ? 1 : 0;
    }
    return num_whole == kJobs;
  }));
  EXPECT_FALSE(is_starved);
}

TEST_F(ControllerTest, AMistakeIsToldByItsField) {
  Json job = testing::TFJob(1);
  job["metadata"] = {{"name", "wrong"}, {"namespace", "team"}};
  job["spec"]["tfReplicaSpecs"]["Worker"]["restartPolicy"] = "Perhaps";
  ASSERT_TRUE(api_.outsider().Create(kTFJobs, "team", job).ok());
  Process process(&api_);
  ASSERT_TRUE(Eventually([&] {
    return ReadState(api_.outsider().Get(kTFJobs, "team", "wrong").value_or(Json())) ==
           job::ConditionType::kFailed;
  }));
  const auto status = ReadStatus(*api_.outsider().Get(kTFJobs, "team", "wrong"));
  const job::Condition* failed = status.Find(job::ConditionType::kFailed);
  EXPECT_EQ(failed->reason, "InvalidTFJobSpec");
  EXPECT_NE(failed->message.find("spec.tfReplicaSpecs.Worker.restartPolicy"), std::string::npos)
      << failed->message;
}

TEST_F(ControllerTest, ThePageOfMetricsCountsEachFactOnce) {
  Process process(&api_);
  ASSERT_TRUE(Run());
  const std::string page = process.metrics->Page();
  for (const char* what : {"created", "successful", "restarted"}) {
    EXPECT_NE(page.find(fmt::format("training_operator_jobs_{}_total{{framework=\"tensorflow\","
                                    "job_namespace=\"team\"}} 1\n",
                                    what)),
              std::string::npos)
        << what << "\n"
        << page;
  }
}

}  // namespace
}  // namespace trainyard::operators
