#include "serving/metrics/server_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/files.h"
#include "serving/servable.h"
#include "serving/testing/test_models.h"

namespace trainyard::serving {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

class ServerMetricsTest : public ::testing::Test {
 protected:
  std::unique_ptr<const Servable> Load(int64_t version) const {
    return Servable::Load({"m", version}, directory_, {}).value();
  }
  RequestRecord Answered(const Servable& servable) const {
    return {.model = "m", .servable = &servable, .took = microseconds(30)};
  }

  const TemporaryDirectory dir_;
  const std::string directory_ = WriteEchoModel(dir_.path(), 1);
  ServerMetrics metrics_;
};

TEST_F(ServerMetricsTest, KeepsTensorFlowServingsNamesLabelsAndRanges) {
  const auto servable = Load(1);
  RequestRecord record = Answered(*servable);
  record.signature = "pair";
  record.running = microseconds(11);
  metrics_.Count(record);
  record.api = Api::kMultiInference;
  record.examples = 3;
  metrics_.Count(record);
  record = Answered(*servable);
  record.entrypoint = Entrypoint::kRest;
  record.code = StatusCode::kInvalidArgument;
  metrics_.Count(record);
  const std::string page = metrics_.Page();
  for (const char* line : {
           "# TYPE :tensorflow:serving:request_count counter\n",
           ":tensorflow:serving:request_count{model_name=\"m\",status=\"OK\"} 2\n",
           ":tensorflow:serving:request_count{model_name=\"m\",status=\"INVALID_ARGUMENT\"} 1\n",
           "# TYPE :tensorflow:serving:request_latency histogram\n",
           ":tensorflow:serving:request_latency_bucket{model_name=\"m\",API=\"Predict\","
           "entrypoint=\"GRPC\",le=\"18\"} 0\n",
           ":tensorflow:serving:request_latency_bucket{model_name=\"m\",API=\"Predict\","
           "entrypoint=\"GRPC\",le=\"32.4\"} 1\n",
           ":tensorflow:serving:request_latency_sum{model_name=\"m\",API=\"Predict\","
           "entrypoint=\"GRPC\"} 30\n",
           ":tensorflow:serving:runtime_latency_bucket{model_name=\"m\",API=\"Predict\","
           "runtime=\"TF1\",le=\"18\"} 1\n",
           ":tensorflow:serving:request_example_counts_bucket{model=\"m\",le=\"4\"} 1\n",
           ":tensorflow:serving:request_example_count_total{model=\"m\"} 3\n",
           ":tensorflow:serving:batching_session:queuing_latency_count{thread_pool_name=\"\"} 0\n",
           "trainyard_serving_requests_total{model_name=\"m\",version=\"1\",signature=\"pair\","
           "api=\"Predict\",entrypoint=\"GRPC\",code=\"OK\"} 1\n",
           "trainyard_serving_request_seconds_count{model_name=\"m\",version=\"1\","
           "signature=\"\",outcome=\"failure\"} 1\n",
           "# TYPE process_resident_memory_bytes gauge\n",
       }) {
    EXPECT_THAT(page, HasSubstr(line));
  }
  EXPECT_THAT(page, Not(HasSubstr("API=\"predict\"")));  // failures are no latency there
}

TEST_F(ServerMetricsTest, NamesThatAreNotServedMakeNoSeries) {
  const auto servable = Load(1);
  metrics_.Count(Answered(*servable));
  for (const char* name : {"x", "y", "m\n"}) {
    metrics_.Count({.model = name, .code = StatusCode::kNotFound});
  }
  metrics_.Count({.model = "m", .code = StatusCode::kNotFound});  // a version that is not there
  RequestRecord odd = Answered(*servable);
  odd.signature = "made up";
  odd.code = StatusCode::kFailedPrecondition;
  metrics_.Count(odd);
  const std::string page = metrics_.Page();
  EXPECT_THAT(
      page,
      HasSubstr(":tensorflow:serving:request_count{model_name=\"\",status=\"NOT_FOUND\"} 3\n"));
  EXPECT_THAT(
      page,
      HasSubstr(":tensorflow:serving:request_count{model_name=\"m\",status=\"NOT_FOUND\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("version=\"1\",signature=\"\",api=\"Predict\",entrypoint=\"GRPC\","
                              "code=\"FAILED_PRECONDITION\"} 1\n"));
  EXPECT_THAT(page, Not(HasSubstr("made up")));
}

TEST_F(ServerMetricsTest, ForgetsOldVersionsButNotTheirRequests) {
  constexpr int kVersions = 20;
  for (int64_t version = 1; version <= kVersions; ++version) {
    const auto servable = Load(version);
    metrics_.Count(Answered(*servable));
  }
  const std::string page = metrics_.Page();
  EXPECT_THAT(page, Not(HasSubstr("version=\"16\"")));
  EXPECT_THAT(page, HasSubstr("version=\"17\""));
  EXPECT_THAT(page, HasSubstr("version=\"20\""));
  EXPECT_THAT(page,
              HasSubstr(":tensorflow:serving:request_count{model_name=\"m\",status=\"OK\"} 20\n"));
}

TEST_F(ServerMetricsTest, LosesNoRequestOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  const auto servable = Load(1);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kEach; ++n) metrics_.Count(Answered(*servable));
    });
  }
  threads.clear();
  EXPECT_THAT(metrics_.Page(), HasSubstr("code=\"OK\"} 8000\n"));
}

TEST_F(ServerMetricsTest, ShowsGaugesAndWhatLoadingAndBatchingCount) {
  metrics_.SetGauges(
      {.in_flight = [] { return 5; },
       .is_ready = [] { return true; },
       .versions = [](const ServerMetrics::Gauges::Visit& visit) { visit("m", "AVAILABLE", 2); }});
  metrics_.loads().CountLoad("m", "/models/m/1", OkStatus(), microseconds(70));
  metrics_.loads().CountLoad("m", "/models/m/2", InternalError("no"), microseconds(70));
  metrics_.loads().CountWarmup("/models/m/1", OkStatus(), 4, microseconds(15));
  metrics_.batching().ObserveQueuing(110);
  metrics_.batching().ObserveInput(3);
  metrics_.batching().ObserveBatch(8, 5);
  const std::string page = metrics_.Page();
  for (const char* line : {
           "trainyard_serving_ready 1\n",
           "trainyard_serving_requests_in_flight 5\n",
           "trainyard_serving_versions{model_name=\"m\",state=\"AVAILABLE\"} 2\n",
           ":tensorflow:cc:saved_model:load_attempt_count{model_path=\"/models/m/2\","
           "status=\"fail\"} 1\n",
           ":tensorflow:cc:saved_model:load_latency{model_path=\"/models/m/1\"} 70\n",
           ":tensorflow:serving:model_warmup_latency_bucket{model_path=\"/models/m/1\","
           "status=\"OK\",le=\"18\"} 1\n",
           ":tensorflow:serving:model_warmup_records_read{model_path=\"/models/m/1\","
           "status=\"OK\"} 4\n",
           "trainyard_serving_loads_total{model_name=\"m\",outcome=\"fail\"} 1\n",
           ":tensorflow:serving:batching_session:queuing_latency_bucket{thread_pool_name=\"\","
           "le=\"120\"} 1\n",
           ":tensorflow:serving:batching_session:padding_size_sum{execution_batch_size=\"8\"} 5\n",
           ":tensorflow:serving:batching_session:processed_batch_size_sum 8\n",
           ":tensorflow:serving:batching_session:wrapped_run_count 1\n",
       }) {
    EXPECT_THAT(page, HasSubstr(line));
  }
}

TEST(LoadMetricsTest, KeepsTheLatestPathsOnly) {
  LoadMetrics loads;
  for (size_t i = 0; i < LoadMetrics::kMaxPaths + 5; ++i) {
    loads.CountLoad("m", fmt::format("/m/{}", i), OkStatus(), microseconds(1));
  }
  MetricsText text;
  loads.AppendTo(&text);
  const std::string page = std::move(text).str();
  EXPECT_THAT(page, Not(HasSubstr("\"/m/4\"")));
  EXPECT_THAT(page, HasSubstr("\"/m/5\""));
  EXPECT_THAT(page, HasSubstr("outcome=\"success\"} 105\n"));
}

TEST(BatchingMetricsTest, HasABoundedNumberOfSizes) {
  BatchingMetrics batching;
  for (int64_t rows = 1; rows <= 100; ++rows) batching.ObserveBatch(rows, 0);
  MetricsText text;
  batching.AppendTo(&text);
  const std::string page = std::move(text).str();
  EXPECT_THAT(page, HasSubstr("padding_size_count{execution_batch_size=\"63\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("padding_size_count{execution_batch_size=\"other\"} 37\n"));
}

// Of runs that are held up now and then the fast ones say how long the model takes; a model that
// has become slow is known for it after some runs.
TEST(ServableStatsTest, TheTypicalRunIsThatOfAnIdleMachine) {
  ServableStats stats({});
  EXPECT_EQ(stats.typical_run().count(), 0);
  stats.CountRun(milliseconds(100));  // the first makes what the others use
  for (int i = 0; i < 100; ++i) {
    stats.CountRun(microseconds(150));
    stats.CountRun(milliseconds(5));
  }
  EXPECT_LT(stats.typical_run(), microseconds(250));
  for (int i = 0; i < 100; ++i) stats.CountRun(milliseconds(5));
  EXPECT_GT(stats.typical_run(), milliseconds(3));
}

}  // namespace
}  // namespace trainyard::serving
