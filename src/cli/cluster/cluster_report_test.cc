#include "cli/cluster/cluster_report.h"

#include <gtest/gtest.h>

#include "cli/cluster/cluster_source.h"
#include "operator/testing/objects.h"

namespace trainyard::cli {
namespace {

using operators::testing::Ended;
using operators::testing::Pod;
using operators::testing::Running;
using operators::testing::TFJob;

const job::TimePoint kNow = *kube::ParseTime("2026-11-25T21:10:00Z");

JobDescription Mnist() {
  kube::Json job = TFJob();
  job["status"] = kube::Json::parse(R"({"conditions": [
      {"type": "Created", "status": "True", "reason": "TFJobCreated", "message": "m"},
      {"type": "Running", "status": "True", "reason": "TFJobRunning", "message": "m"}],
    "startTime": "2026-11-25T21:00:00Z",
    "trainyard": {"replicas": [{"type": "worker", "from": 1, "to": 1, "state": "Started",
                                "instance": 1, "restarts": 1}]}})");
  kube::Json lost = Pod("worker", 1, 1);
  lost["status"]["containerStatuses"] = {
      {{"name", "tensorflow"},
       {"state", {{"waiting", {{"reason", "ImagePullBackOff"}, {"message", "no such image"}}}}}}};
  const std::vector<operators::PodView> pods = {operators::ToPodView(Running(Pod("chief", 0))),
                                                operators::ToPodView(Ended(Pod("worker", 0), 3)),
                                                operators::ToPodView(lost)};
  return DescribeTFJob(job, pods, kNow);
}

TEST(ClusterReportTest, ListsJobs) {
  const JobDescription jobs[] = {Mnist()};
  EXPECT_EQ(FormatClusterJobs(jobs, {}, kNow),
            "NAME    STATE     REPLICAS   RESTARTS   AGE\n"
            "mnist   Running   1/4        1          10m\n");
  EXPECT_EQ(FormatClusterJobs(jobs, {.with_namespace = true}, kNow),
            "NAMESPACE   NAME    STATE     REPLICAS   RESTARTS   AGE\n"
            "team        mnist   Running   1/4        1          10m\n");
}

TEST(ClusterReportTest, WatchShowsEachReplicaAndWhatItWaitsFor) {
  const JobDescription jobs[] = {Mnist()};
  const auto lines = FormatWatch(jobs, {}, kNow, {.columns = 80, .rows = 24}, false);
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_EQ(lines[2], "  ps-0");
  EXPECT_EQ(lines[3], "  chief-0    running                  9m58s");
  EXPECT_EQ(lines[4], "  worker-0   failed                   4m58s");
  EXPECT_EQ(lines[5],
            "  worker-1   waiting   1 restart(s)   9m59s   ImagePullBackOff: no such image");
}

TEST(ClusterReportTest, WatchFitsTheScreen) {
  const JobDescription jobs[] = {Mnist()};
  const auto lines = FormatWatch(jobs, {}, kNow, {.columns = 20, .rows = 5}, false);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines.back(), "... and 3 more lines");
  for (const std::string& line : lines) EXPECT_LE(WidthOf(line), 20);
}

TEST(ClusterReportTest, ReplicasOfAJobThatFailedAtItsBackoffLimit) {
  kube::Json job = TFJob(1);
  job["status"] = kube::Json::parse(R"({"conditions": [
      {"type": "Failed", "status": "True", "reason": "TFJobFailed", "message": "m"}],
    "trainyard": {"replicas": [
      {"type": "chief", "from": 0, "to": 0, "state": "Waiting", "instance": 1, "restarts": 2,
       "quickFailures": 1},
      {"type": "worker", "from": 0, "to": 0, "state": "Waiting", "instance": 1, "quickFailures": 1}
    ]}})");
  // The pod's own restarts are among those of its replica.
  kube::Json chief = Ended(Pod("chief", 0), 1);
  chief["status"]["containerStatuses"][0]["restartCount"] = 2;
  const std::vector<operators::PodView> pods = {operators::ToPodView(chief)};
  const JobDescription description = DescribeTFJob(job, pods, kNow);
  EXPECT_EQ(description.num_restarts(), 2);
  for (const ReplicaLine& replica : description.replicas) {
    EXPECT_EQ(replica.state, replica.name == "ps-0" ? "" : "failed") << replica.name;
  }
}

TEST(ClusterReportTest, AJobThatNobodyHasTakenUpSaysSo) {
  const JobDescription description = DescribeTFJob(TFJob(), {}, kNow);
  EXPECT_EQ(description.state, "New");
  EXPECT_NE(description.state_note.find("no operator"), std::string::npos);
}

}  // namespace
}  // namespace trainyard::cli
