// REST as clients see it: real HTTP on a loopback port, real SavedModels.
#include "serving/frontends/rest/rest_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/files.h"
#include "serving/server.h"
#include "serving/testing/test_models.h"

namespace trainyard::serving {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// All that the server answers to these bytes until it closes.
std::string Talk(int port, const std::string& bytes) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<long>(bytes.size()));
  std::string answer;
  char buffer[4096];
  for (long n = 0; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
    answer.append(buffer, static_cast<size_t>(n));
  }
  close(fd);
  return answer;
}

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
};

class RestServerTest : public ::testing::Test {
 protected:
  void Serve(ServerOptions options = {}) {
    options.port = 0;
    options.model_name = "m";
    options.model_base_path = dir_.path();
    options.rest.port = RestOptions::kAnyPort;
    options.rest.num_threads = 2;
    auto server = Server::Create(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(server).value();
    ASSERT_TRUE(server_->Start().ok());
  }
  void ServeOnce() { Serve({.poll_seconds = 0}); }

  Answer Ask(const std::string& method, const std::string& target, const std::string& body = "",
             const std::string& headers = "") {
    const std::string text =
        Talk(server_->rest_port(),
             fmt::format("{} {} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{}Content-Length: "
                         "{}\r\n\r\n{}",
                         method, target, headers, body.size(), body));
    const size_t end = text.find("\r\n\r\n");
    if (end == text.npos) return {};
    return {std::stoi(text.substr(9, 3)), text.substr(0, end), text.substr(end + 4)};
  }

  void ExpectError(const Answer& answer, int status, const std::string& text) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.body, "{\n    \"error\": \"" + text + "\"\n}");
    EXPECT_THAT(answer.head, HasSubstr("Content-Type: application/json"));
  }

  TemporaryDirectory dir_;
  std::unique_ptr<Server> server_;
};

TEST_F(RestServerTest, PredictsByRowAndByColumn) {
  WriteLineModel(dir_.path(), 3, 0.5f);
  ServeOnce();
  Answer answer = Ask("POST", "/v1/models/m:predict", R"({"instances": [1, 2]})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "{\n    \"predictions\": [2.5, 3.0\n    ]\n}");
  answer = Ask("POST", "/v1/models/m/versions/3:predict?x=1",
               R"({"inputs": {"x": [1]}, "signature_name": "serving_default"})");
  EXPECT_EQ(answer.body, "{\n    \"outputs\": [\n        2.5\n    ]\n}");
}

TEST_F(RestServerTest, FillsInDefaultsAndFiltersOutputs) {
  WriteEchoModel(dir_.path(), 1);
  ServeOnce();
  EXPECT_EQ(Ask("POST", "/v1/models/m:predict",
                R"({"signature_name": "pair", "inputs": {"a": [1]}, "output_filter": ["second"]})")
                .body,
            "{\n    \"outputs\": [\n        7.0\n    ]\n}");
}

TEST_F(RestServerTest, RefusesWithTheCodesAndTextsClientsKnow) {
  WriteLineModel(dir_.path(), 1, 0.5f);
  ServeOnce();
  const std::string good = R"({"instances": [1]})";
  ExpectError(Ask("POST", "/v1/models/n:predict", good), 404,
              "Servable not found for request: Latest(n)");
  ExpectError(Ask("POST", "/v1/models/m/versions/9:predict", good), 404,
              "Servable not found for request: Specific(m, 9)");
  ExpectError(Ask("POST", "/v1/models/m:predict", R"({"signature_name": "s", "instances": [1]})"),
              400, "Serving signature name: \\\"s\\\" not found in signature def");
  ExpectError(
      Ask("POST", "/v1/models/m:predict", R"({"instances": [1], "output_filter": ["z"]})"), 400,
      "output tensor alias not found in signature: z Outputs expected to be in the set {y}.");
  ExpectError(Ask("POST", "/v1/models/m:predict", ""), 400,
              "JSON Parse error: The document is empty");
  ExpectError(Ask("GET", "/v1/nothing"), 400, "Malformed request: GET /v1/nothing");
  ExpectError(Ask("GET", "/nothing"), 404, "Not found: GET /nothing");
  EXPECT_EQ(Ask("GET", "/v1/models/n").status, 404);
}

TEST_F(RestServerTest, TellsStatusMetadataAndModels) {
  WriteLineModel(dir_.path(), 3, 0.5f);
  ServeOnce();
  const std::string status =
      "{\n \"model_version_status\": [\n  {\n   \"version\": \"3\",\n   \"state\": "
      "\"AVAILABLE\",\n  "
      " \"status\": {\n    \"error_code\": \"OK\",\n    \"error_message\": \"\"\n   }\n  }\n "
      "]\n}\n";
  EXPECT_EQ(Ask("GET", "/v1/models/m").body, status);
  EXPECT_EQ(Ask("GET", "/v1/models/m/versions/3").body, status);
  const std::string metadata = Ask("GET", "/v1/models/m/metadata").body;
  EXPECT_THAT(metadata, StartsWith("{\n\"model_spec\":{\n \"name\": \"m\",\n \"signature_name\": "
                                   "\"\",\n \"version\": \"3\"\n}\n,\n\"metadata\": "
                                   "{\"signature_def\": {\n \"signature_def\": {\n"));
  EXPECT_THAT(metadata, HasSubstr("\"dtype\": \"DT_FLOAT\""));
  EXPECT_THAT(metadata, EndsWith("}\n}\n}\n"));
  const std::string models = Ask("GET", "/v1/models").body;
  EXPECT_THAT(models, HasSubstr("\"name\": \"m\""));
  EXPECT_THAT(models, HasSubstr("\"state\": \"AVAILABLE\""));
}

TEST_F(RestServerTest, IsHealthyBeforeItIsReady) {
  Serve();
  EXPECT_EQ(Ask("GET", "/healthz").status, 200);
  const Answer answer = Ask("GET", "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, StartsWith("not ready: 1 of 1 model is missing\nm: "));
}

TEST_F(RestServerTest, IsReadyWithAModel) {
  WriteLineModel(dir_.path(), 1, 0.5f);
  ServeOnce();
  EXPECT_EQ(Ask("GET", "/readyz").status, 200);
}

TEST_F(RestServerTest, BrowsersOfOtherSitesAskOnlyIfAllowed) {
  WriteLineModel(dir_.path(), 1, 0.5f);
  ServeOnce();
  Answer answer = Ask("OPTIONS", "/v1/models/m:predict", "", "Origin: http://example.org\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.head.find("Access-Control"), answer.head.npos);
  EXPECT_EQ(Ask("OPTIONS", "/v1/models/m:predict").status, 400);
  server_.reset();
  ServerOptions options{.poll_seconds = 0};
  options.rest.enable_cors = true;
  Serve(options);
  answer = Ask("GET", "/v1/models/m");
  EXPECT_THAT(answer.head, HasSubstr("Access-Control-Allow-Origin: *\r\n"
                                     "Access-Control-Allow-Methods: POST, GET\r\n"
                                     "Access-Control-Allow-Headers: Content-Type"));
}

TEST_F(RestServerTest, RefusalsOfTheHttpServerAreJsonToo) {
  WriteLineModel(dir_.path(), 1, 0.5f);
  ServerOptions options{.poll_seconds = 0};
  options.rest.max_body_bytes = 100;
  Serve(options);
  ExpectError(Ask("POST", "/v1/models/m:predict", std::string(101, ' ')), 413,
              "the request's body is too large");
}

TEST_F(RestServerTest, CodesAreTensorFlowServings) {
  const RestHandler handler({}, {});
  EXPECT_EQ(handler.ToAnswer(DeadlineExceededError("late")).status, 504);
  EXPECT_EQ(handler.ToAnswer(CancelledError("gone")).status, 499);
  EXPECT_EQ(handler.ToAnswer(ResourceExhaustedError("full")).status, 429);
  EXPECT_EQ(handler.ToAnswer(UnavailableError("full")).status, 503);
  EXPECT_EQ(handler.ToAnswer(UnimplementedError("not")).status, 501);
  EXPECT_EQ(handler.ToAnswer(InternalError("bug")).status, 500);
}

TEST_F(RestServerTest, NamesThePortThatItCannotHave) {
  Serve();
  ServerOptions options{.port = 0, .model_name = "m", .model_base_path = dir_.path()};
  options.rest.port = server_->rest_port();
  const auto second = Server::Create(options);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message(), HasSubstr("the port is in use; stop the program that has"));
  options.rest.port = RestOptions::kAnyPort;
  options.rest.cert_file = dir_.path() + "/none.pem";
  EXPECT_THAT(Server::Create(options).status().message(), HasSubstr("--rest_api_tls_cert_file"));
}

}  // namespace
}  // namespace trainyard::serving
