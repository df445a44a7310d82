// The server as clients see it: real gRPC on a loopback port, real SavedModels.
#include "serving/server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/files.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "records/example.h"
#include "serving/testing/test_models.h"
#include "tensorflow/serving/model_service.grpc.pb.h"
#include "tensorflow/serving/prediction_service.grpc.pb.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A served model and stubs for it.
struct Served {
  std::unique_ptr<Server> server;
  std::shared_ptr<grpc::Channel> channel;

  grpc::Status Predict(const api::PredictRequest& request, api::PredictResponse* response) const {
    grpc::ClientContext context;
    return api::PredictionService::NewStub(channel)->Predict(&context, request, response);
  }
};

Served Serve(
    ServerOptions options,
    std::function<void(const Servable&)> on_serving = [](const Servable&) {}) {
  options.port = 0;
  Served served;
  served.server = Server::Create(options).value();
  CHECK(served.server->Start(std::move(on_serving)).ok());
  served.channel = grpc::CreateChannel(fmt::format("127.0.0.1:{}", served.server->port()),
                                       grpc::InsecureChannelCredentials());
  return served;
}

Served ServeOnce(const std::string& base_path) {
  return Serve({.model_name = "m", .model_base_path = base_path, .poll_seconds = 0});
}

void SetFloats(::tensorflow::TensorProto* proto, const std::vector<float>& values) {
  proto->set_dtype(::tensorflow::DT_FLOAT);
  proto->mutable_tensor_shape()->add_dim()->set_size(static_cast<int64_t>(values.size()));
  proto->mutable_float_val()->Add(values.begin(), values.end());
}

api::PredictRequest LineRequest(const std::vector<float>& x) {
  api::PredictRequest request;
  request.mutable_model_spec()->set_name("m");
  SetFloats(&(*request.mutable_inputs())["x"], x);
  return request;
}

void ExpectStatus(const grpc::Status& status, grpc::StatusCode code, const std::string& text) {
  EXPECT_EQ(status.error_code(), code) << status.error_message();
  EXPECT_EQ(status.error_message(), text);
}

TEST(ServerTest, PredictsAndSaysWhichVersionAnswered) {
  TemporaryDirectory dir;
  WriteLineModel(dir.path(), 3, 0.5f);
  const Served served = ServeOnce(dir.path());
  api::PredictResponse response;
  ASSERT_TRUE(served.Predict(LineRequest({1, 2, 4}), &response).ok());
  EXPECT_THAT(response.outputs().at("y").float_val(), ElementsAre(2.5f, 3, 4));
  EXPECT_EQ(response.model_spec().name(), "m");
  EXPECT_EQ(response.model_spec().version().value(), 3);
  EXPECT_EQ(response.model_spec().signature_name(), "serving_default");
}

TEST(ServerTest, AnswersWithContentOnRequest) {
  TemporaryDirectory dir;
  WriteLineModel(dir.path(), 1, 0.5f);
  const Served served = Serve({.model_name = "m",
                               .model_base_path = dir.path(),
                               .poll_seconds = 0,
                               .answer_tensor_content = true});
  api::PredictResponse response;
  ASSERT_TRUE(served.Predict(LineRequest({1}), &response).ok());
  EXPECT_EQ(response.outputs().at("y").tensor_content().size(), sizeof(float));
}

TEST(ServerTest, AcceptsAnyShapeTheGraphAccepts) {
  TemporaryDirectory dir;
  WriteEchoModel(dir.path(), 1);
  const Served served = ServeOnce(dir.path());
  api::PredictRequest request;
  request.mutable_model_spec()->set_name("m");
  request.mutable_model_spec()->set_signature_name("string");
  ::tensorflow::TensorProto& in = (*request.mutable_inputs())["in"];
  in.set_dtype(::tensorflow::DT_STRING);
  in.mutable_tensor_shape()->add_dim()->set_size(2);
  in.add_string_val(std::string("\0\xff", 2));
  in.add_string_val("digits");
  api::PredictResponse response;
  ASSERT_TRUE(served.Predict(request, &response).ok());
  EXPECT_THAT(response.outputs().at("out").string_val(),
              ElementsAre(std::string("\0\xff", 2), "digits"));
}

TEST(ServerTest, FillsInDefaultsAndFiltersOutputs) {
  TemporaryDirectory dir;
  WriteEchoModel(dir.path(), 1);
  const Served served = ServeOnce(dir.path());
  api::PredictRequest request;
  request.mutable_model_spec()->set_name("m");
  request.mutable_model_spec()->set_signature_name("pair");
  SetFloats(&(*request.mutable_inputs())["a"], {1});
  api::PredictResponse response;
  ASSERT_TRUE(served.Predict(request, &response).ok());
  EXPECT_THAT(response.outputs().at("second").float_val(), ElementsAre(7));
  request.add_output_filter("first");
  ASSERT_TRUE(served.Predict(request, &response).ok());
  EXPECT_EQ(response.outputs().size(), 1u);
  EXPECT_THAT(response.outputs().at("first").float_val(), ElementsAre(1));
}

TEST(ServerTest, RefusesWithTheCodesAndTextsClientsKnow) {
  TemporaryDirectory dir;
  WriteLineModel(dir.path(), 1, 0.5f);
  const Served served = ServeOnce(dir.path());
  api::PredictResponse response;
  ExpectStatus(served.Predict({}, &response), grpc::INVALID_ARGUMENT, "Missing ModelSpec");
  api::PredictRequest request = LineRequest({1});
  request.mutable_model_spec()->set_name("");
  ExpectStatus(served.Predict(request, &response), grpc::INVALID_ARGUMENT,
               "ModelSpec has no name specified.");
  request = LineRequest({1});
  request.mutable_model_spec()->set_name("other");
  ExpectStatus(served.Predict(request, &response), grpc::NOT_FOUND,
               "Servable not found for request: Latest(other)");
  request = LineRequest({1});
  request.mutable_model_spec()->mutable_version()->set_value(9);
  ExpectStatus(served.Predict(request, &response), grpc::NOT_FOUND,
               "Servable not found for request: Specific(m, 9)");
  request = LineRequest({1});
  request.mutable_model_spec()->set_signature_name("sum");
  ExpectStatus(served.Predict(request, &response), grpc::FAILED_PRECONDITION,
               "Serving signature key \"sum\" not found.");
  request = LineRequest({1});
  (*request.mutable_inputs())["x"].set_tensor_content("abc");
  ExpectStatus(served.Predict(request, &response), grpc::INVALID_ARGUMENT,
               "tensor parsing error: x");
  request = LineRequest({1});
  (*request.mutable_inputs())["x"].set_dtype(::tensorflow::DT_STRING);
  const grpc::Status wrong_type = served.Predict(request, &response);
  EXPECT_EQ(wrong_type.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(wrong_type.error_message(), HasSubstr("to be float but string is provided"));
}

TEST(ServerTest, CutsVeryLongErrorTexts) {
  TemporaryDirectory dir;
  WriteLineModel(dir.path(), 1, 0.5f);
  const Served served = ServeOnce(dir.path());
  api::PredictRequest request = LineRequest({1});
  request.mutable_model_spec()->set_name(std::string(5000, 'n'));
  api::PredictResponse response;
  const std::string text = served.Predict(request, &response).error_message();
  EXPECT_EQ(text.size(), 1024 + strlen("...TRUNCATED"));
  EXPECT_TRUE(text.ends_with("...TRUNCATED"));
}

TEST(ServerTest, DescribesTheModel) {
  TemporaryDirectory dir;
  WriteImageModel(dir.path(), 2);
  const Served served = ServeOnce(dir.path());
  const auto stub = api::PredictionService::NewStub(served.channel);
  api::GetModelMetadataRequest request;
  request.mutable_model_spec()->set_name("m");
  api::GetModelMetadataResponse response;
  grpc::ClientContext no_field;
  ExpectStatus(stub->GetModelMetadata(&no_field, request, &response), grpc::INVALID_ARGUMENT,
               "GetModelMetadataRequest must specify at least one metadata_field");
  request.add_metadata_field("assets");
  grpc::ClientContext unknown_field;
  ExpectStatus(stub->GetModelMetadata(&unknown_field, request, &response), grpc::INVALID_ARGUMENT,
               "Metadata field assets is not supported");
  request.set_metadata_field(0, "signature_def");
  grpc::ClientContext context;
  ASSERT_TRUE(stub->GetModelMetadata(&context, request, &response).ok());
  EXPECT_EQ(response.model_spec().version().value(), 2);
  api::SignatureDefMap map;
  ASSERT_TRUE(response.metadata().at("signature_def").UnpackTo(&map));
  const auto& image = map.signature_def().at("predict").inputs().at("image");
  EXPECT_EQ(image.name(), "image:0");
  EXPECT_EQ(image.tensor_shape().dim_size(), 4);
}

TEST(ServerTest, TellsStatusAndHealth) {
  TemporaryDirectory dir;
  WriteLineModel(dir.path(), 1, 0.5f);
  const Served served = ServeOnce(dir.path());
  const auto stub = api::ModelService::NewStub(served.channel);
  api::GetModelStatusRequest request;
  request.mutable_model_spec()->set_name("m");
  api::GetModelStatusResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(stub->GetModelStatus(&context, request, &response).ok());
  ASSERT_EQ(response.model_version_status_size(), 1);
  EXPECT_EQ(response.model_version_status(0).state(), api::ModelVersionStatus::AVAILABLE);
  EXPECT_EQ(response.model_version_status(0).status().error_code(), 0);
  request.mutable_model_spec()->set_name("other");
  grpc::ClientContext other;
  ExpectStatus(stub->GetModelStatus(&other, request, &response), grpc::NOT_FOUND,
               "Could not find any versions of model other");

  const auto health = grpc::health::v1::Health::NewStub(served.channel);
  grpc::health::v1::HealthCheckResponse state;
  grpc::ClientContext check;
  ASSERT_TRUE(health->Check(&check, {}, &state).ok());
  EXPECT_EQ(state.status(), grpc::health::v1::HealthCheckResponse::SERVING);
}

TEST(ServerTest, IsReachableButNotHealthyBeforeThereIsAModel) {
  TemporaryDirectory dir;
  const Served served = Serve({.model_name = "m", .model_base_path = dir.path()});
  const auto health = grpc::health::v1::Health::NewStub(served.channel);
  grpc::health::v1::HealthCheckResponse state;
  grpc::ClientContext context;
  ASSERT_TRUE(health->Check(&context, {}, &state).ok());
  EXPECT_EQ(state.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  api::PredictResponse response;
  ExpectStatus(served.Predict(LineRequest({1}), &response), grpc::NOT_FOUND,
               "Servable not found for request: Latest(m)");
}

TEST(ServerTest, ClassifiesRegressesAndDoesBothInOneCall) {
  TemporaryDirectory dir;
  WriteExamplesModel(dir.path(), 4);
  const Served served = ServeOnce(dir.path());
  const auto stub = api::PredictionService::NewStub(served.channel);
  api::MultiInferenceRequest both;
  both.mutable_input()->mutable_example_list()->add_examples(
      records::FormatExample({{"x", std::vector<float>{2}}}));
  for (const std::string method : {"classify", "regress"}) {
    api::InferenceTask* task = both.add_tasks();
    task->mutable_model_spec()->set_name("m");
    task->mutable_model_spec()->set_signature_name(method);
    task->set_method_name("tensorflow/serving/" + method);
  }
  api::ClassificationRequest classify;
  *classify.mutable_model_spec() = both.tasks(0).model_spec();
  *classify.mutable_input() = both.input();
  api::ClassificationResponse classified;
  grpc::ClientContext classify_context;
  ASSERT_TRUE(stub->Classify(&classify_context, classify, &classified).ok());
  EXPECT_EQ(classified.result().classifications(0).classes(1).label(), "high");
  EXPECT_EQ(classified.model_spec().version().value(), 4);
  EXPECT_EQ(classified.model_spec().signature_name(), "classify");

  api::RegressionRequest regress;
  *regress.mutable_model_spec() = both.tasks(1).model_spec();
  *regress.mutable_input() = both.input();
  api::RegressionResponse regressed;
  grpc::ClientContext regress_context;
  ASSERT_TRUE(stub->Regress(&regress_context, regress, &regressed).ok());
  EXPECT_EQ(regressed.result().regressions(0).value(), 7);

  api::MultiInferenceResponse answered;
  grpc::ClientContext both_context;
  ASSERT_TRUE(stub->MultiInference(&both_context, both, &answered).ok());
  EXPECT_EQ(answered.results(0).classification_result().SerializeAsString(),
            classified.result().SerializeAsString());
  EXPECT_EQ(answered.results(1).regression_result().SerializeAsString(),
            regressed.result().SerializeAsString());
}

TEST(ServerTest, AsksForATokenButNotForHealth) {
  TemporaryDirectory dir;
  WriteLineModel(JoinPath(dir.path(), "m"), 1, 0.5f);
  const std::string tokens = JoinPath(dir.path(), "tokens");
  ASSERT_TRUE(WriteFileAtomically(tokens, "0123456789abcdef\n").ok());
  const Served served = Serve({.model_name = "m",
                               .model_base_path = JoinPath(dir.path(), "m"),
                               .poll_seconds = 0,
                               .auth_token_file = tokens});
  api::PredictResponse response;
  EXPECT_EQ(served.Predict(LineRequest({1}), &response).error_code(), grpc::UNAUTHENTICATED);
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer 0123456789abcdef");
  EXPECT_TRUE(api::PredictionService::NewStub(served.channel)
                  ->Predict(&context, LineRequest({1}), &response)
                  .ok());
  grpc::ClientContext health_context;
  grpc::health::v1::HealthCheckResponse health;
  EXPECT_TRUE(
      grpc::health::v1::Health::NewStub(served.channel)->Check(&health_context, {}, &health).ok());
}

TEST(ServerTest, CountsWhatItAnswers) {
  TemporaryDirectory dir;
  WriteLineModel(dir.path(), 3, 0.5f);
  const Served served = ServeOnce(dir.path());
  api::PredictResponse response;
  ASSERT_TRUE(served.Predict(LineRequest({1}), &response).ok());
  api::PredictRequest unknown = LineRequest({1});
  unknown.mutable_model_spec()->set_name("made\nup");
  ASSERT_FALSE(served.Predict(unknown, &response).ok());
  const std::string page = served.server->MetricsPage();
  EXPECT_THAT(page,
              HasSubstr(":tensorflow:serving:request_count{model_name=\"m\",status=\"OK\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("trainyard_serving_requests_total{model_name=\"m\",version=\"3\","
                              "signature=\"serving_default\",api=\"Predict\",entrypoint=\"GRPC\","
                              "code=\"OK\"} 1\n"));
  EXPECT_THAT(
      page,
      HasSubstr(":tensorflow:serving:request_count{model_name=\"\",status=\"NOT_FOUND\"} 1\n"));
  EXPECT_THAT(page, Not(HasSubstr("made")));
}

// Slopes 1..n one after the other, while clients ask without a pause: every answer is right for the
// version it names, and none is lost.
TEST(ServerTest, ChangesVersionsUnderLoadWithoutAWrongAnswer) {
  constexpr int kVersions = 4;
  TemporaryDirectory dir;
  WriteLineModel(dir.path(), 1, 1);
  std::mutex mutex;
  std::condition_variable changed;
  int64_t newest = 0;
  const Served served =
      Serve({.model_name = "m", .model_base_path = dir.path()}, [&](const Servable& servable) {
        const std::lock_guard<std::mutex> lock(mutex);
        newest = servable.id().version;
        changed.notify_all();
      });
  const auto wait_for = [&](int64_t version) {
    std::unique_lock<std::mutex> lock(mutex);
    return changed.wait_for(lock, std::chrono::minutes(4), [&] { return newest == version; });
  };
  ASSERT_TRUE(wait_for(1));
  std::vector<std::jthread> clients;
  std::atomic<int> wrong = 0;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        api::PredictResponse response;
        const bool ok = served.Predict(LineRequest({10}), &response).ok();
        const auto slope = static_cast<float>(response.model_spec().version().value());
        const auto& y = response.outputs().at("y").float_val();
        if (!ok || y.size() != 1 || y.Get(0) != slope * 10 + 2) ++wrong;
        ++answered;
      }
    });
  }
  for (int version = 2; version <= kVersions; ++version) {
    WriteLineModel(dir.path(), version, static_cast<float>(version));
    ASSERT_TRUE(wait_for(version));
  }
  clients.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(answered, 0);
}

TEST(ServerTest, SaysWhyAPortCannotBeHad) {
  TemporaryDirectory dir;
  const Served served = Serve({.model_name = "m", .model_base_path = dir.path()});
  const auto second = Server::Create(
      {.port = served.server->port(), .model_name = "m", .model_base_path = dir.path()});
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message(),
              HasSubstr(fmt::format("cannot listen on 127.0.0.1:{}: Address already in use",
                                    served.server->port())));
  const auto nowhere =
      Server::Create({.host = "no.such.host.invalid", .model_base_path = dir.path()});
  EXPECT_THAT(nowhere.status().message(), HasSubstr("unknown host"));
}

TEST(ServerTest, PollingOnceNeedsAModel) {
  TemporaryDirectory dir;
  const auto server =
      Server::Create(
          {.port = 0, .model_name = "m", .model_base_path = dir.path(), .poll_seconds = 0})
          .value();
  EXPECT_THAT(server->Start().message(), HasSubstr("no version directory in " + dir.path()));
}

}  // namespace
}  // namespace trainyard::serving
