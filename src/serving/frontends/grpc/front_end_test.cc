// The gRPC front end as clients see it: addresses, TLS, limits, health and reflection.
#include "serving/frontends/grpc/front_end.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>

#include "base/files.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "serving/frontends/grpc/channel_arguments.h"
#include "serving/frontends/grpc/stream_service.h"
#include "serving/server.h"
#include "serving/testing/test_models.h"
#include "tensorflow/serving/prediction_service.grpc.pb.h"

namespace trainyard::serving {
namespace {

namespace health = ::grpc::health::v1;
namespace reflection = ::grpc::reflection::v1alpha;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// Long enough for any machine; what is waited for comes at once.
std::chrono::system_clock::time_point Deadline() {
  return std::chrono::system_clock::now() + std::chrono::seconds(30);
}

std::unique_ptr<Server> Serve(const std::string& base_path, const GrpcOptions& grpc = {}) {
  auto server = Server::Create({.port = 0,
                                .grpc = grpc,
                                .model_name = "m",
                                .model_base_path = base_path,
                                .poll_seconds = 0});
  if (!server.ok()) ADD_FAILURE() << server.status();
  return std::move(server).value();
}

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
}

grpc::Status Check(const std::shared_ptr<grpc::Channel>& channel,
                   health::HealthCheckResponse* response) {
  grpc::ClientContext context;
  context.set_deadline(Deadline());
  return health::Health::NewStub(channel)->Check(&context, {}, response);
}

TEST(GrpcFrontEndTest, ListensOnAUnixSocketForThisUserAlone) {
  const TemporaryDirectory dir;
  const std::string path = JoinPath(dir.path(), "socket");
  const auto server = Serve(dir.path(), {.socket_path = path});
  EXPECT_EQ(server->port(), 0);
  EXPECT_EQ(server->grpc_address(), "unix:" + path);
  struct stat file{};
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  health::HealthCheckResponse response;
  EXPECT_TRUE(Check(Connect("unix:" + path), &response).ok());
  EXPECT_EQ(response.status(), health::HealthCheckResponse::NOT_SERVING);
}

TEST(GrpcFrontEndTest, SaysWhyAnAddressCannotBeHad) {
  const TemporaryDirectory dir;
  const auto socket = Server::Create(
      {.port = 0, .grpc = {.socket_path = "/no/such/directory/socket"}, .model_base_path = "/m"});
  EXPECT_EQ(socket.status().message(),
            "cannot listen on unix:/no/such/directory/socket: No such file or directory");
  const auto tls = Server::Create(
      {.port = 0, .grpc = {.tls_cert_file = "/no/such/file"}, .model_base_path = "/m"});
  EXPECT_THAT(tls.status().message(), HasSubstr("--grpc_tls_key_file"));
}

TEST(GrpcFrontEndTest, TakesChannelArguments) {
  EXPECT_THAT(
      ParseChannelArguments("grpc.max_connection_age_ms=2000,grpc.lb_policy_name=grpclb").value(),
      ElementsAre(
          Pair("grpc.max_connection_age_ms", std::variant<int, std::string>(2000)),
          Pair("grpc.lb_policy_name", std::variant<int, std::string>(std::string("grpclb")))));
  EXPECT_TRUE(ParseChannelArguments("").value().empty());
  EXPECT_THAT(ParseChannelArguments("a=1,b").status().message(), HasSubstr("\"b\" is no name="));
  EXPECT_FALSE(ParseChannelArguments("=1").ok());
  EXPECT_FALSE(ParseChannelArguments("a=1,,b=2").ok());
}

TEST(GrpcFrontEndTest, RefusesMessagesThatAreTooLarge) {
  const TemporaryDirectory dir;
  WriteLineModel(dir.path(), 1, 1);
  const auto server = Serve(dir.path(), {.max_request_bytes = 1000});
  ASSERT_TRUE(server->Start().ok());
  const auto stub =
      ::tensorflow::serving::PredictionService::NewStub(Connect(server->grpc_address()));
  ::tensorflow::serving::PredictRequest request;
  request.mutable_model_spec()->set_name(std::string(2000, 'm'));
  ::tensorflow::serving::PredictResponse response;
  grpc::ClientContext context;
  const grpc::Status status = stub->Predict(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("larger than max"));
}

TEST(GrpcFrontEndTest, RefusesMessagesThatAreTooLargeOnlyWhenUnpacked) {
  const TemporaryDirectory dir;
  WriteLineModel(dir.path(), 1, 1);
  const auto server = Serve(dir.path(), {.max_request_bytes = 1'000'000});
  ASSERT_TRUE(server->Start().ok());
  const auto stub =
      ::tensorflow::serving::PredictionService::NewStub(Connect(server->grpc_address()));
  ::tensorflow::serving::PredictRequest request;
  request.mutable_model_spec()->set_name(std::string(50'000'000, 'm'));  // 50 KB of gzip
  ::tensorflow::serving::PredictResponse response;
  grpc::ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  const grpc::Status status = stub->Predict(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("larger than max"));
}

TEST(GrpcFrontEndTest, AnswersWithOneThread) {
  const TemporaryDirectory dir;
  const auto server = Serve(dir.path(), {.max_threads = 1});
  health::HealthCheckResponse response;
  EXPECT_TRUE(Check(Connect(server->grpc_address()), &response).ok());
  ::tensorflow::serving::PredictResponse answer;
  grpc::ClientContext context;
  EXPECT_EQ(::tensorflow::serving::PredictionService::NewStub(Connect(server->grpc_address()))
                ->Predict(&context, {}, &answer)
                .error_message(),
            "Missing ModelSpec");
}

TEST(GrpcFrontEndTest, TakesCompressedRequestsAndCompressesAnswers) {
  const TemporaryDirectory dir;
  WriteLineModel(dir.path(), 1, 1);
  const auto server = Serve(dir.path(), {.compression = GrpcCompression::kGzip});
  ASSERT_TRUE(server->Start().ok());
  const auto stub =
      ::tensorflow::serving::PredictionService::NewStub(Connect(server->grpc_address()));
  ::tensorflow::serving::PredictRequest request;
  request.mutable_model_spec()->set_name("m");
  ::tensorflow::TensorProto& x = (*request.mutable_inputs())["x"];
  x.set_dtype(::tensorflow::DT_FLOAT);
  x.mutable_tensor_shape()->add_dim()->set_size(1000);
  ::tensorflow::serving::PredictResponse response;
  grpc::ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);  // of the request
  ASSERT_TRUE(stub->Predict(&context, request, &response).ok());
  EXPECT_EQ(response.outputs().at("y").float_val_size(), 1000);
}

// Watches with a thread of the test's own; each Next() waits for a change.
class Watch {
 public:
  Watch(const std::shared_ptr<grpc::Channel>& channel, const std::string& service)
      : stub_(health::Health::NewStub(channel)) {
    context_.set_deadline(Deadline());
    health::HealthCheckRequest request;
    request.set_service(service);
    stream_ = stub_->Watch(&context_, request);
  }
  // -1 when the stream has ended.
  int Next() {
    health::HealthCheckResponse response;
    return stream_->Read(&response) ? response.status() : -1;
  }
  grpc::Status End() { return stream_->Finish(); }
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  const std::unique_ptr<health::Health::Stub> stub_;
  std::unique_ptr<grpc::ClientReader<health::HealthCheckResponse>> stream_;
};

TEST(HealthWatchTest, TellsEachChangeUntilTheServerStops) {
  const TemporaryDirectory dir;
  const auto server = Serve(dir.path());
  const auto channel = Connect(server->grpc_address());
  Watch watch(channel, "tensorflow.serving.PredictionService");
  EXPECT_EQ(watch.Next(), health::HealthCheckResponse::NOT_SERVING);
  WriteLineModel(dir.path(), 1, 1);
  ASSERT_TRUE(server->Start().ok());
  EXPECT_EQ(watch.Next(), health::HealthCheckResponse::SERVING);
  // The open stream does not hold up the stop, which is told before the stream ends.
  server->Stop(std::chrono::minutes(1));
  EXPECT_EQ(watch.Next(), health::HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(watch.Next(), -1);
  EXPECT_EQ(watch.End().error_code(), grpc::UNAVAILABLE);
}

TEST(HealthWatchTest, KnowsItsServicesOnly) {
  const TemporaryDirectory dir;
  const auto server = Serve(dir.path());
  const auto channel = Connect(server->grpc_address());
  Watch watch(channel, "no.such.Service");
  EXPECT_EQ(watch.Next(), health::HealthCheckResponse::SERVICE_UNKNOWN);
  watch.Cancel();
  EXPECT_EQ(watch.Next(), -1);
}

TEST(HealthWatchTest, HoldsNoThreadForAWatcherAndRefusesTooMany) {
  const TemporaryDirectory dir;
  const auto server = Serve(dir.path());
  const auto channel = Connect(server->grpc_address());
  std::vector<std::unique_ptr<Watch>> watches;
  for (size_t i = 0; i < kMaxWatchers; ++i) {
    watches.push_back(std::make_unique<Watch>(channel, ""));
    ASSERT_EQ(watches.back()->Next(), health::HealthCheckResponse::NOT_SERVING);
  }
  const auto threads = ListDirectory("/proc/self/task").value().size();
  EXPECT_LT(threads, 100u);
  Watch one_more(channel, "");
  EXPECT_EQ(one_more.Next(), -1);
  EXPECT_EQ(one_more.End().error_code(), grpc::RESOURCE_EXHAUSTED);
  health::HealthCheckResponse response;
  EXPECT_TRUE(Check(channel, &response).ok());
}

class ReflectionTest : public ::testing::Test {
 protected:
  ReflectionTest() {
    context_.set_deadline(Deadline());
    stream_ = stub_->ServerReflectionInfo(&context_);
  }
  reflection::ServerReflectionResponse Ask(const reflection::ServerReflectionRequest& request) {
    reflection::ServerReflectionResponse response;
    EXPECT_TRUE(stream_->Write(request) && stream_->Read(&response));
    return response;
  }

  const TemporaryDirectory dir_;
  const std::unique_ptr<Server> server_ = Serve(dir_.path());
  const std::unique_ptr<reflection::ServerReflection::Stub> stub_ =
      reflection::ServerReflection::NewStub(Connect(server_->grpc_address()));
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<reflection::ServerReflectionRequest,
                                           reflection::ServerReflectionResponse>>
      stream_;
};

TEST_F(ReflectionTest, ListsServicesAndDescribesThem) {
  reflection::ServerReflectionRequest request;
  request.set_list_services("");
  std::vector<std::string> names;
  const reflection::ServerReflectionResponse listed = Ask(request);
  for (const auto& service : listed.list_services_response().service()) {
    names.push_back(service.name());
  }
  EXPECT_THAT(names, ElementsAre("tensorflow.serving.PredictionService",
                                 "tensorflow.serving.ModelService", "grpc.health.v1.Health"));
  request.set_file_containing_symbol(names[0]);
  const auto files = Ask(request).file_descriptor_response();
  EXPECT_THAT(files.file_descriptor_proto(0), HasSubstr("MultiInference"));
  EXPECT_THAT(files.file_descriptor_proto(), Contains(HasSubstr("TensorShapeProto")));
  request.set_file_by_filename("tensorflow/tensor.proto");
  EXPECT_EQ(Ask(request).file_descriptor_response().file_descriptor_proto_size(), 1);
}

TEST_F(ReflectionTest, SaysWhatItDoesNotKnowAndGoesOn) {
  reflection::ServerReflectionRequest request;
  request.set_file_by_filename("no.proto");
  EXPECT_EQ(Ask(request).error_response().error_code(), grpc::NOT_FOUND);
  request.mutable_file_containing_extension()->set_containing_type("x");
  EXPECT_EQ(Ask(request).error_response().error_code(), grpc::NOT_FOUND);
  EXPECT_EQ(Ask({}).error_response().error_code(), grpc::INVALID_ARGUMENT);
  request.set_all_extension_numbers_of_type("tensorflow.TensorProto");
  EXPECT_EQ(Ask(request).all_extension_numbers_response().extension_number_size(), 0);
  stream_->WritesDone();
  EXPECT_TRUE(stream_->Finish().ok());
}

TEST_F(ReflectionTest, DoesNotHoldUpTheStop) {
  reflection::ServerReflectionRequest request;
  request.set_list_services("");
  Ask(request);
  server_->Stop(std::chrono::minutes(1));
  EXPECT_EQ(stream_->Finish().error_code(), grpc::UNAVAILABLE);
}

}  // namespace
}  // namespace trainyard::serving
