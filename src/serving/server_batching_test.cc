// Batched requests as clients see them: answered by the threads of the batches, while clients give
// up, versions change and the server stops.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/files.h"
#include "records/example.h"
#include "serving/server.h"
#include "serving/testing/test_models.h"
#include "tensorflow/serving/model_service.grpc.pb.h"
#include "tensorflow/serving/prediction_service.grpc.pb.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Long enough for any machine; what is waited for comes soon.
constexpr std::chrono::seconds kPatience{60};

api::PredictRequest LineRequest(const std::vector<float>& x) {
  api::PredictRequest request;
  request.mutable_model_spec()->set_name("m");
  ::tensorflow::TensorProto& proto = (*request.mutable_inputs())["x"];
  proto.set_dtype(::tensorflow::DT_FLOAT);
  proto.mutable_tensor_shape()->add_dim()->set_size(static_cast<int64_t>(x.size()));
  proto.mutable_float_val()->Add(x.begin(), x.end());
  return request;
}

class ServerBatchingTest : public ::testing::Test {
 protected:
  // With these batching parameters.
  void Serve(const std::string& parameters, ServerOptions options = {}) {
    options.port = 0;
    options.model_name = "m";
    options.model_base_path = models();
    options.enable_batching = true;
    options.batching_parameters_file = JoinPath(directory_.path(), "batching.config");
    ASSERT_TRUE(WriteFileAtomically(options.batching_parameters_file, parameters).ok());
    server_ = Server::Create(options).value();
    ASSERT_TRUE(server_
                    ->Start([this](const Servable& servable) {
                      const std::lock_guard<std::mutex> lock(mutex_);
                      newest_ = servable.id().version;
                      changed_.notify_all();
                    })
                    .ok());
    channel_ = grpc::CreateChannel(fmt::format("127.0.0.1:{}", server_->port()),
                                   grpc::InsecureChannelCredentials());
  }
  void ServeOnce(const std::string& parameters) { Serve(parameters, {.poll_seconds = 0}); }

  bool WaitForVersion(int64_t version) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return newest_ == version; });
  }
  bool WaitForUnload(int64_t version) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      api::GetModelStatusRequest request;
      request.mutable_model_spec()->set_name("m");
      request.mutable_model_spec()->mutable_version()->set_value(version);
      api::GetModelStatusResponse response;
      grpc::ClientContext context;
      const auto stub = api::ModelService::NewStub(channel_);
      if (!stub->GetModelStatus(&context, request, &response).ok()) return false;
      if (response.model_version_status(0).state() == api::ModelVersionStatus::END) return true;
      std::this_thread::yield();
    }
    return false;
  }

  std::string models() const { return JoinPath(directory_.path(), "models"); }
  std::unique_ptr<api::PredictionService::Stub> stub() const {
    return api::PredictionService::NewStub(channel_);
  }
  grpc::Status Predict(const api::PredictRequest& request, api::PredictResponse* response) const {
    grpc::ClientContext context;
    return stub()->Predict(&context, request, response);
  }

  const TemporaryDirectory directory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t newest_ = 0;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

// Calls that are under way at the same time, each with an answer of its own.
class Calls {
 public:
  struct Call {
    grpc::ClientContext context{};
    api::PredictRequest request{};
    api::PredictResponse response{};
    grpc::Status status{};
  };

  explicit Calls(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(api::PredictionService::NewStub(channel)) {}
  ~Calls() { Wait(); }

  Call* Begin(const std::vector<float>& x) {
    Call* const call = calls_.emplace_back(std::make_unique<Call>()).get();
    call->request = LineRequest(x);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++open_;
    }
    stub_->async()->Predict(&call->context, &call->request, &call->response,
                            [this, call](grpc::Status status) {
                              const std::lock_guard<std::mutex> lock(mutex_);
                              call->status = std::move(status);
                              if (--open_ == 0) ended_.notify_all();
                            });
    return call;
  }
  // Until all have been answered.
  void Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    EXPECT_TRUE(ended_.wait_for(lock, kPatience, [this] { return open_ == 0; }));
  }

 private:
  const std::unique_ptr<api::PredictionService::Stub> stub_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::mutex mutex_;
  std::condition_variable ended_;
  int open_ = 0;
};

TEST_F(ServerBatchingTest, ManyAtOnceGetTheirOwnAnswers) {
  WriteLineModel(models(), 1, 0.5f);
  ServeOnce("max_batch_size { value: 16 } max_enqueued_batches { value: 1000 }");
  constexpr int kCalls = 500;
  Calls calls(channel_);
  std::vector<Calls::Call*> all;
  for (int i = 0; i < kCalls; ++i) {
    all.push_back(calls.Begin(std::vector<float>(size_t(1 + i % 3), float(2 * i))));
  }
  calls.Wait();
  for (int i = 0; i < kCalls; ++i) {
    const Calls::Call& call = *all[size_t(i)];
    ASSERT_TRUE(call.status.ok()) << call.status.error_message();
    const auto& y = call.response.outputs().at("y").float_val();
    ASSERT_EQ(y.size(), 1 + i % 3);
    EXPECT_EQ(y.Get(0), float(i + 2));
    EXPECT_EQ(y.Get(i % 3), float(i + 2));
  }
}

TEST_F(ServerBatchingTest, ClassifiesAndRegressesInBatches) {
  WriteExamplesModel(models(), 4);
  // Each waits for the other's company, so that both are left with a callback.
  ServeOnce("max_batch_size { value: 2 } batch_timeout_micros { value: 1000 }");
  api::ClassificationRequest classify;
  classify.mutable_model_spec()->set_name("m");
  classify.mutable_model_spec()->set_signature_name("classify");
  classify.mutable_input()->mutable_example_list()->add_examples(
      records::FormatExample({{"x", std::vector<float>{2}}}));
  api::ClassificationResponse classified;
  grpc::ClientContext classify_context;
  ASSERT_TRUE(stub()->Classify(&classify_context, classify, &classified).ok());
  EXPECT_EQ(classified.result().classifications(0).classes(1).label(), "high");
  EXPECT_EQ(classified.result().classifications(0).classes(1).score(), -2);
  EXPECT_EQ(classified.model_spec().version().value(), 4);

  api::RegressionRequest regress;
  *regress.mutable_model_spec() = classify.model_spec();
  regress.mutable_model_spec()->set_signature_name("regress");
  *regress.mutable_input() = classify.input();
  api::RegressionResponse regressed;
  grpc::ClientContext regress_context;
  ASSERT_TRUE(stub()->Regress(&regress_context, regress, &regressed).ok());
  EXPECT_EQ(regressed.result().regressions(0).value(), 7);
}

TEST_F(ServerBatchingTest, RefusesAsWithoutBatching) {
  WriteLineModel(models(), 1, 0.5f);
  ServeOnce("max_batch_size { value: 2 } batch_timeout_micros { value: 1000 }");
  api::PredictResponse response;
  EXPECT_EQ(Predict(LineRequest({1, 2, 3}), &response).error_message(),
            "Task size 3 is larger than maximum input batch size 2");
  api::PredictRequest request = LineRequest({1});
  request.mutable_model_spec()->set_signature_name("sum");
  EXPECT_EQ(Predict(request, &response).error_message(),
            "Serving signature key \"sum\" not found.");
  request = LineRequest({1});
  (*request.mutable_inputs())["x"].set_dtype(::tensorflow::DT_STRING);
  EXPECT_THAT(Predict(request, &response).error_message(),
              HasSubstr("to be float but string is provided"));
  EXPECT_THAT(server_->MetricsPage(), HasSubstr("code=\"INVALID_ARGUMENT\"} 2\n"));
}

TEST_F(ServerBatchingTest, ARequestIsAnsweredAtTheServersLimitWithoutABatch) {
  WriteLineModel(models(), 1, 0.5f);
  Serve("max_batch_size { value: 2 } batch_timeout_micros { value: 3600000000 }",
        {.poll_seconds = 0, .max_request_time = std::chrono::seconds(1)});
  api::PredictResponse response;
  const grpc::Status status = Predict(LineRequest({1}), &response);
  EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "Run() timeout exceeded while waiting in batching queue");
}

TEST_F(ServerBatchingTest, ClientsThatGiveUpTakeNothingFromTheOthers) {
  WriteLineModel(models(), 1, 0.5f);
  ServeOnce("max_batch_size { value: 8 } max_enqueued_batches { value: 1000 }");
  constexpr int kCalls = 500;
  Calls calls(channel_);
  std::vector<Calls::Call*> all;
  for (int i = 0; i < kCalls; ++i) all.push_back(calls.Begin({float(2 * i)}));
  for (int i = 0; i < kCalls; i += 3) all[size_t(i)]->context.TryCancel();
  calls.Wait();
  for (int i = 0; i < kCalls; ++i) {
    const Calls::Call& call = *all[size_t(i)];
    if (call.status.ok()) {
      EXPECT_THAT(call.response.outputs().at("y").float_val(), ElementsAre(float(i + 2)));
    } else {
      EXPECT_EQ(call.status.error_code(), grpc::CANCELLED) << call.status.error_message();
      EXPECT_EQ(i % 3, 0);
    }
  }
}

// One waits for company in the batch of a version that is replaced meanwhile.
TEST_F(ServerBatchingTest, AVersionLeavesAfterThoseWhoWaitForItsBatches) {
  WriteLineModel(models(), 1, 1);
  Serve("max_batch_size { value: 2 } batch_timeout_micros { value: 500000 }");
  ASSERT_TRUE(WaitForVersion(1));
  Calls calls(channel_);
  const Calls::Call* const waiting = calls.Begin({10});
  WriteLineModel(models(), 2, 2);
  ASSERT_TRUE(WaitForVersion(2));
  calls.Wait();
  ASSERT_TRUE(waiting->status.ok()) << waiting->status.error_message();
  const auto slope = static_cast<float>(waiting->response.model_spec().version().value());
  EXPECT_THAT(waiting->response.outputs().at("y").float_val(), ElementsAre(10 * slope + 2));
  EXPECT_TRUE(WaitForUnload(1));
}

// With threads of their own for each version, which go with it.
TEST_F(ServerBatchingTest, ChangesVersionsUnderLoadWithoutAWrongAnswer) {
  constexpr int kVersions = 4;
  const auto write = [this](int version) {
    const std::string path = JoinPath(directory_.path(), "new");
    const std::string made = WriteLineModel(path, version, static_cast<float>(version));
    ASSERT_TRUE(WriteFileAtomically(JoinPath(made, "batching_params.pbtxt"),
                                    "max_batch_size { value: 4 } num_batch_threads { value: 2 }")
                    .ok());
    ASSERT_TRUE(MakeDirectories(models()).ok());
    ASSERT_EQ(rename(made.c_str(), JoinPath(models(), fmt::format("{}", version)).c_str()), 0);
  };
  write(1);
  Serve("", {.per_model_batching_parameters = true});
  ASSERT_TRUE(WaitForVersion(1));
  std::vector<std::jthread> clients;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        api::PredictResponse response;
        const bool ok = Predict(LineRequest({10}), &response).ok();
        const auto slope = static_cast<float>(response.model_spec().version().value());
        const auto& y = response.outputs().at("y").float_val();
        if (!ok || y.size() != 1 || y.Get(0) != slope * 10 + 2) ++wrong;
      }
    });
  }
  for (int version = 2; version <= kVersions; ++version) {
    write(version);
    ASSERT_TRUE(WaitForVersion(version));
    EXPECT_TRUE(WaitForUnload(version - 1));
  }
  clients.clear();
  EXPECT_EQ(wrong, 0);
}

TEST_F(ServerBatchingTest, StopsUnderLoadWithoutAWrongAnswer) {
  WriteLineModel(models(), 1, 1);
  ServeOnce("max_batch_size { value: 4 } max_enqueued_batches { value: 1000 }");
  std::atomic<int> answered = 0;
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          api::PredictResponse response;
          const grpc::Status status = Predict(LineRequest({10}), &response);
          if (status.error_code() == grpc::UNAVAILABLE) return;
          wrong += !status.ok() || response.outputs().at("y").float_val(0) != 12;
          ++answered;
        }
      });
    }
    while (answered < 100 && wrong == 0) std::this_thread::yield();
    server_->Stop(kPatience);
  }
  server_ = nullptr;
  EXPECT_EQ(wrong, 0);
}

// A batch that would wait for an hour does not keep the server from stopping.
TEST_F(ServerBatchingTest, StopsWithoutThoseWhoWaitForCompanyLongerThanItsGrace) {
  WriteLineModel(models(), 1, 1);
  ServeOnce("max_batch_size { value: 2 } batch_timeout_micros { value: 3600000000 }");
  Calls calls(channel_);
  const Calls::Call* const waiting = calls.Begin({10});
  while (server_->MetricsPage().find("trainyard_serving_requests_in_flight 1\n") ==
         std::string::npos) {
    std::this_thread::yield();
  }
  server_->Stop(std::chrono::milliseconds(0));
  server_ = nullptr;
  calls.Wait();
  EXPECT_FALSE(waiting->status.ok());
}

}  // namespace
}  // namespace trainyard::serving
