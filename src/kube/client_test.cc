#include "kube/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <tuple>

#include "base/files.h"
#include "kube/internal/retry.h"
#include "kube/make_client.h"
#include "kube/testing/fake_http.h"

namespace trainyard::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

net::HttpResponse Answer(int status, std::string body = {}, net::Headers headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}

std::string HeaderOf(const net::HttpRequest& request, std::string_view name) {
  const std::string* value = net::FindHeader(request.headers, name);
  return value == nullptr ? "-" : *value;
}

class ClientTest : public ::testing::Test {
 protected:
  void Make(Config config, ClientOptions options = {}) {
    if (config.server.empty()) config.server = "https://h:6443";
    ClientParts parts{
        .http = std::make_unique<FakeHttp>(record_),
        .credentials = Credentials::Make(
            config, {.steady_now = [this] { return now_; },
                     .run_plugin = [this](const ExecPlugin&) -> Result<ExecCredential> {
                       ++plugin_runs_;
                       if (!plugin_status_.ok()) return plugin_status_;
                       return ExecCredential{.token = "t" + std::to_string(plugin_runs_)};
                     }}),
        .connect =
            [this](const net::WebSocketOptions& asked) -> Result<std::unique_ptr<net::WebSocket>> {
          sockets_.push_back(asked);
          return Status(StatusCode::kUnauthenticated, "401");
        },
        .now = [this] { return now_; },
        .sleep =
            [this](milliseconds time) {
              sleeps_.push_back(time);
              now_ += time;
            },
        .random = [] { return 0.0; }};
    client_ = MakeClient(config, options, std::move(parts));
  }

  template <class... Answers>
  void Script(Answers... answers) {
    (record_->answers.push_back(std::move(answers)), ...);
  }

  const std::vector<net::HttpRequest>& requests() { return record_->requests; }

  std::shared_ptr<FakeHttp::Record> record_ = std::make_shared<FakeHttp::Record>();
  std::chrono::steady_clock::time_point now_{seconds(1000)};
  std::vector<milliseconds> sleeps_;
  std::vector<net::WebSocketOptions> sockets_;
  int plugin_runs_ = 0;
  Status plugin_status_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, ARequestHasUrlHeadersAndBody) {
  Make({.server = "https://h/k8s/c-1",
        .token = "t",
        .as_user = "u",
        .as_groups = {"g1", "g2"},
        .as_extra = {{"example.com/why", {"a\nb"}}}});
  Script(Answer(201, "{}"));
  const auto answer = client_->Send({.method = "PATCH",
                                     .path = "/api/v1/namespaces/n/pods/p",
                                     .query = {{"fieldManager", "a b"}, {"force", "true"}},
                                     .body = "{}",
                                     .content_type = "application/merge-patch+json",
                                     .timeout = seconds(7)});
  EXPECT_EQ(*answer, "{}");
  ASSERT_EQ(requests().size(), 1u);
  const net::HttpRequest& request = requests()[0];
  EXPECT_EQ(request.method, "PATCH");
  EXPECT_EQ(request.url,
            "https://h/k8s/c-1/api/v1/namespaces/n/pods/p?fieldManager=a%20b&force=true");
  EXPECT_EQ(request.body, "{}");
  EXPECT_EQ(request.timeout, seconds(7));
  EXPECT_EQ(HeaderOf(request, "Authorization"), "Bearer t");
  EXPECT_EQ(HeaderOf(request, "Accept"), "application/json");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/merge-patch+json");
  EXPECT_EQ(HeaderOf(request, "Impersonate-User"), "u");
  EXPECT_EQ(HeaderOf(request, "Impersonate-Extra-example.com%2Fwhy"), "a b");
  std::vector<std::string> groups;
  for (const auto& [name, value] : request.headers) {
    if (name == "Impersonate-Group") groups.push_back(value);
  }
  EXPECT_THAT(groups, ElementsAre("g1", "g2"));
}

TEST_F(ClientTest, AFailureHasCodeAttemptAndTheServersWords) {
  Make({});
  Script(Answer(403, R"({"message": "exceeded quota", "reason": "Forbidden"})"));
  const Status status = client_->Create(kPods, "team", {{"metadata", {{"name", "p"}}}}).status();
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(status.message(), "cannot create pods.v1 team/p: exceeded quota");
  Script(Status(DeadlineExceededError("POST https://h: late")));
  EXPECT_EQ(client_->Create(kPods, "team", {{"metadata", {{"name", "p"}}}}).status().message(),
            "cannot create pods.v1 team/p: POST https://h: late");
}

TEST_F(ClientTest, ANamespaceThatIsBeingDeletedIsNotMistakenForAMissingRight) {
  const Json pod = {{"metadata", {{"name", "p"}}}};
  Make({});
  Script(Answer(403, R"({"reason": "Forbidden", "message": "no more", "details": {"causes": [
                         {"reason": "NamespaceTerminating", "field": "metadata.namespace"}]}})"));
  Status status = client_->Create(kPods, "team", pod).status();
  EXPECT_EQ(status, FailedPreconditionError("cannot create pods.v1 team/p: no more"));
  // From a server that tells no causes.
  Script(Answer(403, R"({"reason": "Forbidden", "message": "pods \"p\" is forbidden: unable to )"
                     R"(create new content in namespace team because it is being terminated"})"));
  status = client_->Create(kPods, "team", pod).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
}

TEST_F(ClientTest, AListIsReadPageByPage) {
  Make({});
  Script(Answer(200, R"({"metadata": {"continue": "t"}, "items": [1]})"),
         Answer(200, R"({"metadata": {"resourceVersion": "7"}, "items": null})"));
  EXPECT_EQ(client_->List(kPods, "team").value()["items"], Json::parse("[1]"));
  EXPECT_THAT(requests()[1].url, HasSubstr("continue=t"));
}

TEST_F(ClientTest, AnAnswerThatIsNoListIsRefused) {
  Make({});
  for (const char* answer : {"[]", "3", "\"x\"", "null", R"({"items": 3})", R"({"items": {}})"}) {
    Script(Answer(200, answer));
    EXPECT_EQ(client_->List(kPods, "team").status(),
              DataLossError("cannot list pods.v1 team: no list came back"))
        << answer;
  }
}

TEST_F(ClientTest, TriesAgainUntilThereIsAnAnswer) {
  Make({});
  Script(Answer(429, "", {{"Retry-After", "1"}}), Answer(503, "", {{"Retry-After", "2"}}),
         Status(UnavailableError("POST https://h: Failed to connect to h port 6443")),
         Answer(200, "yes"));
  EXPECT_EQ(*client_->Send({.method = "POST", .path = "/x"}), "yes");
  EXPECT_THAT(sleeps_, ElementsAre(seconds(1), seconds(2), milliseconds(200)));
  // Later attempts have only the time that is left.
  EXPECT_EQ(requests()[3].timeout, milliseconds(30'000 - 3'200));
}

TEST_F(ClientTest, DoesNotRepeatAWriteThatMayHaveHappened) {
  Make({});
  Script(Status(UnavailableError("POST https://h: connection reset")));
  EXPECT_EQ(client_->Send({.method = "POST", .path = "/x"}).status().code(),
            StatusCode::kUnavailable);
  EXPECT_EQ(requests().size(), 1u);
}

TEST_F(ClientTest, DoesNotWaitLongerThanTheRequestMayTake) {
  Make({});
  Script(Answer(429, "", {{"Retry-After", "10"}}));
  const auto answer = client_->Send({.path = "/x", .timeout = seconds(5)});
  EXPECT_EQ(answer.status().code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(sleeps_, IsEmpty());
}

TEST_F(ClientTest, ARefusedTokenIsRenewedOnce) {
  Make({.exec = {.command = "plugin"}});
  Script(Answer(401), Answer(200, "yes"));
  EXPECT_EQ(*client_->Send({.path = "/x"}), "yes");
  ASSERT_EQ(requests().size(), 2u);
  EXPECT_EQ(HeaderOf(requests()[0], "Authorization"), "Bearer t1");
  EXPECT_EQ(HeaderOf(requests()[1], "Authorization"), "Bearer t2");
  now_ += seconds(60);
  Script(Answer(401), Answer(401));
  EXPECT_EQ(client_->Send({.path = "/x"}).status().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(requests().size(), 4u);
  EXPECT_EQ(plugin_runs_, 3);
}

TEST_F(ClientTest, ATokenThatCannotBeRenewedIsNotSentAgain) {
  Make({.token = "t"});
  Script(Answer(401, R"({"message": "Unauthorized"})"));
  const Status status = client_->Send({.path = "/x", .attempt = "get x"}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(status.message(), "cannot get x: Unauthorized");
  EXPECT_EQ(requests().size(), 1u);
}

TEST_F(ClientTest, ACertificateAuthorityThatHasChangedIsReadAgain) {
  TemporaryDirectory directory;
  const std::string path = directory.path() + "/ca";
  ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
  Make({.ca_pem = "old", .ca_file = path});
  EXPECT_TRUE(client_->Send({.path = "/x"}).ok());
  ASSERT_TRUE(WriteFileAtomically(path, "new").ok());
  Script(Status(StatusCode::kUnauthenticated, "self-signed certificate"), Answer(200, "yes"));
  EXPECT_EQ(*client_->Send({.method = "POST", .path = "/x"}), "yes");
  ASSERT_EQ(record_->tls.size(), 2u);
  EXPECT_EQ(record_->tls[0].ca_pem, "old");
  EXPECT_EQ(record_->tls[1].ca_pem, "new");
}

TEST_F(ClientTest, WithoutCredentialsNothingIsSent) {
  plugin_status_ = UnavailableError("cannot get credentials: no network");
  Make({.exec = {.command = "plugin"}});
  const Status status = client_->Send({.path = "/x", .attempt = "get x"}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "cannot get x: cannot get credentials: no network");
  EXPECT_THAT(requests(), IsEmpty());
  plugin_status_ = FailedPreconditionError("the plugin must be installed");
  Make({.exec = {.command = "plugin"}});
  EXPECT_EQ(client_->Send({.path = "/x"}).status().code(), StatusCode::kUnauthenticated);
}

TEST_F(ClientTest, OfManyRequestsEachIsRepeatedOnItsOwn) {
  Make({});
  Script(Answer(200, "a"), Answer(429), Answer(404, R"({"message": "none"})"),
         Status(UnavailableError("POST https://h: connection reset")), Answer(429),
         Answer(200, "b"), Answer(429), Answer(200, "e"));
  std::vector<ApiRequest> asked;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    asked.push_back({.method = "POST", .path = std::string("/") + name, .body = "{}"});
  }
  const auto answers = client_->SendAll(asked, 10);
  ASSERT_EQ(answers.size(), 5u);
  EXPECT_EQ(*answers[0], "a");
  EXPECT_EQ(*answers[1], "b");
  EXPECT_EQ(answers[2].status().code(), StatusCode::kNotFound);
  EXPECT_EQ(answers[3].status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(*answers[4], "e");
  EXPECT_THAT(record_->batches, ElementsAre(5, 2, 1));
  EXPECT_EQ(requests()[5].url, "https://h:6443/b");
  EXPECT_EQ(requests()[5].body, "{}");
  EXPECT_TRUE(client_->SendAll({}, 10).empty());
}

TEST_F(ClientTest, KeepsToItsRate) {
  Make({}, {.qps = 10, .burst = 2});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client_->Send({.path = "/x"}).ok());
  EXPECT_THAT(sleeps_, ElementsAre(milliseconds(100)));
  const std::vector<ApiRequest> asked(5, ApiRequest{.path = "/y"});
  (void)client_->SendAll(asked, 5);
  EXPECT_THAT(record_->batches, ElementsAre(2, 2, 1));
}

TEST_F(ClientTest, TellsOfEveryResponse) {
  std::vector<std::tuple<std::string, std::string, int>> told;
  Make({}, {.on_request = [&](std::string_view method, std::string_view host, int code, double) {
         told.emplace_back(method, host, code);
       }});
  Script(Answer(429), Status(UnavailableError("GET https://h: lost")), Answer(404));
  (void)client_->Send({.path = "/x"});
  EXPECT_THAT(told, ElementsAre(std::tuple("GET", "h:6443", 429), std::tuple("GET", "h:6443", 0),
                                std::tuple("GET", "h:6443", 404)));
}

// What the handler of a stream was told.
struct Told {
  int opened = 0;
  std::vector<std::string> lines{};
  std::vector<Status> ends{};

  LineHandler Handler() {
    return {.on_open = [this] { ++opened; },
            .on_line =
                [this](std::string_view line) {
                  lines.emplace_back(line);
                  return line == "stop" ? AbortedError("enough") : OkStatus();
                },
            .on_end = [this](const Status& status) { ends.push_back(status); }};
  }
};

TEST_F(ClientTest, AStreamComesAsLines) {
  Make({.token = "t"});
  Told told;
  auto stream =
      client_->Open({.path = "/log", .timeout = milliseconds(0)}, seconds(9), told.Handler());
  EXPECT_EQ(requests()[0].timeout, milliseconds(0));
  EXPECT_EQ(requests()[0].idle_timeout, seconds(9));
  EXPECT_EQ(HeaderOf(requests()[0], "Authorization"), "Bearer t");
  record_->stream.on_response(Answer(200));
  EXPECT_TRUE(record_->stream.on_data("one\ntw").ok());
  EXPECT_TRUE(record_->stream.on_data("o\nthree").ok());
  record_->stream.on_end(OkStatus());
  EXPECT_EQ(told.opened, 1);
  EXPECT_THAT(told.lines, ElementsAre("one", "two", "three"));
  EXPECT_THAT(told.ends, ElementsAre(OkStatus()));
  stream.reset();
  EXPECT_EQ(record_->closed_streams, 1);
}

TEST_F(ClientTest, ALineOfALostStreamIsNotToldByHalves) {
  Make({});
  Told told;
  auto stream = client_->Open({.path = "/log", .attempt = "read the log"}, {}, told.Handler());
  record_->stream.on_response(Answer(200));
  EXPECT_TRUE(record_->stream.on_data("one\nha").ok());
  record_->stream.on_end(UnavailableError("lost"));
  EXPECT_THAT(told.lines, ElementsAre("one"));
  EXPECT_THAT(told.ends, ElementsAre(UnavailableError("cannot read the log: lost")));
}

TEST_F(ClientTest, AStreamThatIsRefusedEndsWithTheServersWords) {
  Make({});
  Told told;
  auto stream = client_->Open({.path = "/w", .attempt = "watch"}, {}, told.Handler());
  record_->stream.on_response(Answer(410));
  EXPECT_TRUE(record_->stream.on_data(R"({"message": "too)").ok());
  EXPECT_TRUE(record_->stream.on_data(R"( old"})").ok());
  record_->stream.on_end(OkStatus());
  EXPECT_EQ(told.opened, 0);
  EXPECT_THAT(told.lines, IsEmpty());
  EXPECT_THAT(told.ends, ElementsAre(OutOfRangeError("cannot watch: too old")));
}

TEST_F(ClientTest, AHandlersFailureEndsTheStreamWithIt) {
  Make({});
  Told told;
  auto stream = client_->Open({.path = "/w"}, {}, told.Handler());
  record_->stream.on_response(Answer(200));
  const Status status = record_->stream.on_data("stop\nmore\n");
  EXPECT_EQ(status, AbortedError("enough"));
  record_->stream.on_end(status);
  EXPECT_THAT(told.lines, ElementsAre("stop"));
  EXPECT_THAT(told.ends, ElementsAre(AbortedError("enough")));
}

TEST_F(ClientTest, AfterAStreamIsRefusedTheNextShowsOtherCredentials) {
  Make({.exec = {.command = "plugin"}});
  Told told;
  auto stream = client_->Open({.path = "/w"}, {}, told.Handler());
  record_->stream.on_response(Answer(401));
  record_->stream.on_end(OkStatus());
  EXPECT_EQ(plugin_runs_, 1);
  auto next = client_->Open({.path = "/w"}, {}, told.Handler());
  EXPECT_EQ(HeaderOf(requests()[1], "Authorization"), "Bearer t2");
}

TEST_F(ClientTest, AStreamWithoutCredentialsEndsAtOnce) {
  plugin_status_ = UnavailableError("no network");
  Make({.exec = {.command = "plugin"}});
  std::mutex mutex;
  std::condition_variable changed;
  Status ended;
  auto stream =
      client_->Open({.path = "/w", .attempt = "watch"}, {}, {.on_end = [&](const Status& status) {
                      const std::lock_guard lock(mutex);
                      ended = status;
                      changed.notify_all();
                    }});
  std::unique_lock lock(mutex);
  ASSERT_TRUE(changed.wait_for(lock, seconds(60), [&] { return !ended.ok(); }));
  EXPECT_EQ(ended, UnavailableError("cannot watch: no network"));
}

TEST_F(ClientTest, AWebSocketGetsTheSameCredentialsAndARefusedOneIsTriedOnceMore) {
  Make({.ca_pem = "ca", .proxy_url = "http://p:1", .exec = {.command = "plugin"}, .as_user = "u"});
  EXPECT_FALSE(client_->OpenWebSocket("/exec", {{"command", "a b"}}, {"v5", "v4"}).ok());
  ASSERT_EQ(sockets_.size(), 2u);
  EXPECT_EQ(sockets_[0].url, "https://h:6443/exec?command=a%20b");
  EXPECT_EQ(sockets_[0].tls.ca_pem, "ca");
  EXPECT_EQ(sockets_[0].proxy, "http://p:1");
  EXPECT_THAT(sockets_[0].subprotocols, ElementsAre("v5", "v4"));
  EXPECT_EQ(*net::FindHeader(sockets_[0].headers, "Authorization"), "Bearer t1");
  EXPECT_EQ(*net::FindHeader(sockets_[0].headers, "Impersonate-User"), "u");
  EXPECT_EQ(*net::FindHeader(sockets_[1].headers, "Authorization"), "Bearer t2");
}

// The words of the real HTTP client by which retry.cc knows that nothing was sent.
TEST(WasNotSentTest, KnowsARefusedConnectionAndAHostWithoutAddress) {
  const auto http = net::HttpClient::Create({});
  ASSERT_TRUE(http.ok());
  for (const char* url : {"http://127.0.0.1:1/x", "http://name.invalid/x"}) {
    const auto answer = (*http)->Send({.method = "POST", .url = url});
    ASSERT_FALSE(answer.ok());
    EXPECT_TRUE(WasNotSent(answer.error())) << answer.error();
  }
}

}  // namespace
}  // namespace trainyard::kube
