#include "net/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <thread>

#include "base/files.h"
#include "base/testing/pace.h"
#include "net/http_client.h"
#include "net/internal/coding.h"
#include "net/testing/certificates.h"

namespace trainyard::net {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::unique_ptr<HttpServer> Start(HttpHandler handler, HttpServerOptions options = {}) {
  if (options.address.empty()) options.address = "127.0.0.1:0";
  return HttpServer::Start(options, std::move(handler)).value();
}

// Sends the bytes as they are and reads until the server closes.
std::string Talk(int port, const std::string& bytes) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<long>(bytes.size()));
  std::string answer;
  char buffer[4096];
  for (long n = 0; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;)
    answer.append(buffer, static_cast<size_t>(n));
  close(fd);
  return answer;
}

// A client that says what it wants, piece by piece.
class RawClient {
 public:
  explicit RawClient(int port) : fd_(Connect(port)) { EXPECT_GE(fd_, 0); }
  explicit RawClient(const std::string& path)
      : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~RawClient() { close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  static bool CanConnect(int port) {
    const int fd = Connect(port);
    if (fd >= 0) close(fd);
    return fd >= 0;
  }

  void Send(std::string_view bytes) const {
    EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<long>(bytes.size()));
  }
  // Bytes and the end of the stream in one packet.
  void SendAndFinish(std::string_view bytes) const {
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
    Send(bytes);
    shutdown(fd_, SHUT_WR);
  }
  std::string ReadSome() const {
    char buffer[4096];
    const long size = recv(fd_, buffer, sizeof buffer, 0);
    return {buffer, static_cast<size_t>(std::max(size, 0l))};
  }
  std::string ReadAll() const {
    std::string all;
    for (std::string some = ReadSome(); !some.empty(); some = ReadSome()) all += some;
    return all;
  }

 private:
  static int Connect(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
    close(fd);
    return -1;
  }

  const int fd_;
};

TEST(HttpServerTest, HandlerSeesTheRequest) {
  HttpQuestion seen;
  const auto server = Start([&](const HttpQuestion& question) {
    seen = question;
    return HttpAnswer{.status = 201, .content_type = "text/x", .body = "made"};
  });
  const auto client = HttpClient::Create({}).value();
  const auto response =
      client->Send({.method = "PUT",
                    .url = fmt::format("http://127.0.0.1:{}/a%20b/c?x=%41&y", server->port()),
                    .body = "data"});
  ASSERT_TRUE(response.ok()) << response.error();
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "made");
  EXPECT_EQ(*FindHeader(response->headers, "content-type"), "text/x");
  EXPECT_EQ(seen.method, "PUT");
  EXPECT_EQ(seen.path, "/a b/c");
  EXPECT_EQ(seen.query, "x=%41&y");
  EXPECT_EQ(seen.body, "data");
}

TEST(HttpServerTest, HeadHasLengthButNoBody) {
  const auto server = Start([](const HttpQuestion& question) {
    return HttpAnswer{.body = question.method + question.path};
  });
  const std::string answer =
      Talk(server->port(), "HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(HttpServerTest, OneConnectionCarriesManyRequests) {
  const auto server =
      Start([](const HttpQuestion& question) { return HttpAnswer{.body = question.path}; });
  const std::string answer = Talk(server->port(),
                                  "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
                                  "GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("\r\n\r\n/a"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n/b"));
}

TEST(HttpServerTest, RefusesWhatIsNoRequest) {
  const auto server = Start([](const HttpQuestion&) { return HttpAnswer{}; });
  EXPECT_THAT(Talk(server->port(), "hello\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Talk(server->port(), "GET /%4 HTTP/1.1\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Talk(server->port(), "GET /%zz HTTP/1.1\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 400"));
}

TEST(HttpServerTest, BoundsHeadersAndBody) {
  const auto server = Start([](const HttpQuestion&) { return HttpAnswer{}; });
  EXPECT_THAT(Talk(server->port(), "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(Talk(server->port(), "PUT / HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
}

TEST(HttpServerTest, HalfARequestIsAnsweredWhenTimeIsOver) {
  EXPECT_TRUE(HoldsAtSomePace([](std::chrono::milliseconds pace) {
    const auto server =
        Start([](const HttpQuestion&) { return HttpAnswer{}; }, {.idle_timeout = pace});
    EXPECT_EQ(Talk(server->port(), ""), "");  // nothing asked, nothing answered
    return Talk(server->port(), "GET / HTTP/1.1\r\nHo").starts_with("HTTP/1.1 408");
  }));
}

TEST(HttpServerTest, MoreConnectionsThanAllowedWait) {
  const auto server =
      Start([](const HttpQuestion&) { return HttpAnswer{.body = "x"}; }, {.max_connections = 1});
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Talk(server->port(), "GET / HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.0 200"));
  }
}

TEST(HttpServerTest, NamesTheAddressThatItCannotHave) {
  const auto first = Start([](const HttpQuestion&) { return HttpAnswer{}; });
  const auto taken = HttpServer::Start({.address = fmt::format("127.0.0.1:{}", first->port())},
                                       [](const HttpQuestion&) { return HttpAnswer{}; });
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code(), StatusCode::kAlreadyExists);
  for (const char* address : {"", "8080", "localhost:80", "127.0.0.1:x", "127.0.0.1:65536",
                              "::1:80", "[127.0.0.1]:80", "127.0.0.1:"}) {
    const auto server =
        HttpServer::Start({.address = address}, [](const HttpQuestion&) { return HttpAnswer{}; });
    ASSERT_FALSE(server.ok()) << address;
    EXPECT_EQ(server.error().code(), StatusCode::kInvalidArgument);
  }
}

TEST(HttpServerTest, ListensOnEveryAddress) {
  const auto server =
      Start([](const HttpQuestion&) { return HttpAnswer{.body = "x"}; }, {.address = ":0"});
  EXPECT_THAT(Talk(server->port(), "GET / HTTP/1.0\r\n\r\n"), EndsWith("x"));
}

TEST(HttpServerTest, StopsWithConnectionsOpen) {
  auto server = Start([](const HttpQuestion&) { return HttpAnswer{.body = "x"}; });
  const auto client = HttpClient::Create({}).value();
  const HttpRequest request{.url = fmt::format("http://127.0.0.1:{}/", server->port())};
  EXPECT_TRUE(client->Send(request).ok());
  server.reset();
  const auto response = client->Send(request);
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), StatusCode::kUnavailable);
  EXPECT_THAT(response.error().message(), Not(HasSubstr("timeout")));
}

// What the handler was given as a body.
HttpAnswer Echo(const HttpQuestion& question) { return {.body = "<" + question.body + ">"}; }

TEST(HttpServerTest, BodiesComeInAnyForm) {
  const auto server = Start(Echo);
  const auto put = [&](const std::string& headers, const std::string& body) {
    return Talk(server->port(),
                "PUT / HTTP/1.1\r\nConnection: close\r\n" + headers + "\r\n" + body);
  };
  EXPECT_THAT(put("Content-Length: 3\r\n", "abc"), EndsWith("<abc>"));
  EXPECT_THAT(put("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"),
              EndsWith("<abcd>"));
  const std::string packed = PackGzip("unpacked");
  const std::string length = fmt::format("Content-Length: {}\r\n", packed.size());
  EXPECT_THAT(put(length + "Content-Encoding: gzip\r\n", packed), EndsWith("<unpacked>"));
  EXPECT_THAT(put(length + "Content-Encoding: br\r\n", packed), StartsWith("HTTP/1.1 415"));
  EXPECT_THAT(put("Content-Length: 3\r\nContent-Encoding: gzip\r\n", "abc"),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(put("Transfer-Encoding: chunked\r\n", "x\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(put("Transfer-Encoding: chunked\r\n", "200000\r\n"), StartsWith("HTTP/1.1 413"));
  const std::string bomb = PackGzip(std::string(50u << 20, ' '));
  EXPECT_THAT(
      put(fmt::format("Content-Length: {}\r\nContent-Encoding: gzip\r\n", bomb.size()), bomb),
      StartsWith("HTTP/1.1 413"));
}

TEST(HttpServerTest, LargeBodiesGoBothWays) {
  const auto server = Start(Echo, {.max_body_bytes = 64u << 20});
  const auto client = HttpClient::Create({}).value();
  const std::string body(20'000'000, 'x');
  const auto response = client->Send(
      {.method = "PUT", .url = fmt::format("http://127.0.0.1:{}/", server->port()), .body = body});
  ASSERT_TRUE(response.ok()) << response.error();
  EXPECT_EQ(response->body, "<" + body + ">");
}

TEST(HttpServerTest, GivesLeaveToSendABody) {
  const auto server = Start(Echo);
  const std::string head =
      "PUT / HTTP/1.1\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: ";
  RawClient client(server->port());
  client.Send(head + "2\r\n\r\n");
  EXPECT_EQ(client.ReadSome(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("ok");
  EXPECT_THAT(client.ReadAll(), EndsWith("<ok>"));
  EXPECT_THAT(Talk(server->port(), head + "9999999\r\n\r\n"), StartsWith("HTTP/1.1 413"));
}

TEST(HttpServerTest, PacksAnswersForThoseWhoTakeIt) {
  const auto server =
      Start([](const HttpQuestion&) { return HttpAnswer{.body = std::string(5'000, 'x')}; },
            {.pack_from_bytes = 5'000});
  const std::string get = "GET / HTTP/1.1\r\nConnection: close\r\n";
  const std::string packed = Talk(server->port(), get + "Accept-Encoding: gzip\r\n\r\n");
  EXPECT_THAT(packed, HasSubstr("Content-Encoding: gzip\r\n"));
  EXPECT_EQ(*Unpack(packed.substr(packed.find("\r\n\r\n") + 4), 5'000), std::string(5'000, 'x'));
  EXPECT_THAT(Talk(server->port(), get + "\r\n"), EndsWith("xxx"));
}

TEST(HttpServerTest, AHandlerDoesNotKeepOthersWaiting) {
  std::latch both(2);
  const auto server = Start(
      [&](const HttpQuestion&) {
        both.arrive_and_wait();  // returns only if two are here at once
        return HttpAnswer{.body = "x"};
      },
      {.threads = 2});
  std::jthread other([&] { Talk(server->port(), "GET / HTTP/1.0\r\n\r\n"); });
  EXPECT_THAT(Talk(server->port(), "GET / HTTP/1.0\r\n\r\n"), EndsWith("x"));
}

TEST(HttpServerTest, ThousandsOfIdleConnectionsKeepNobodyWaiting) {
  constexpr int kIdle = 400;  // some machines allow a process no more than 1024 files
  const auto server = Start(Echo, {.max_connections = 1'000});
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < kIdle; ++i) {
    idle.push_back(std::make_unique<RawClient>(server->port()));
    if (i % 2 == 0) idle.back()->Send("GET / HTTP/1.1\r\nHa");  // half a request
  }
  EXPECT_THAT(Talk(server->port(), "GET / HTTP/1.0\r\n\r\n"), EndsWith("<>"));
  idle[0]->Send("lf: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(idle[0]->ReadAll(), EndsWith("<>"));
}

TEST(HttpServerTest, AClientThatGoesAwayIsNoticed) {
  std::promise<void> began;
  std::promise<bool> noticed;
  const auto server = Start([&](const HttpQuestion& question) {
    EXPECT_FALSE(question.is_cancelled());
    began.set_value();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!question.is_cancelled() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    noticed.set_value(question.is_cancelled());
    return HttpAnswer{};
  });
  auto client = std::make_unique<RawClient>(server->port());
  client->Send("GET / HTTP/1.1\r\n\r\n");
  began.get_future().wait();
  client.reset();
  EXPECT_TRUE(noticed.get_future().get());
}

TEST(HttpServerTest, WhoSaysOnlyThatNoMoreWillComeIsAnswered) {
  const auto server = Start([](const HttpQuestion& question) {
    return HttpAnswer{.body = question.is_cancelled() ? "gone" : "there"};
  });
  RawClient client(server->port());
  client.SendAndFinish("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), EndsWith("there"));
}

// Requests that come while the server drains are answered, each with the advice to go.
TEST(HttpServerTest, DrainsWithoutLosingARequest) {
  std::promise<void> began;
  std::promise<void> may_end;
  const auto server = Start(
      [&](const HttpQuestion& question) {
        if (question.path == "/slow") {
          began.set_value();
          may_end.get_future().wait();
        }
        return HttpAnswer{.body = question.path};
      },
      {.threads = 2});
  RawClient slow(server->port());
  RawClient idle(server->port());
  RawClient late(server->port());
  late.Send("GET /first HTTP/1.1\r\n\r\n");
  EXPECT_THAT(late.ReadSome(), EndsWith("/first"));
  slow.Send("GET /slow HTTP/1.1\r\n\r\n");
  began.get_future().wait();
  std::jthread drain([&] { server->Drain(std::chrono::seconds(60)); });
  // Once nobody new gets in, the server drains.
  while (RawClient::CanConnect(server->port())) std::this_thread::yield();
  late.Send("GET /late HTTP/1.1\r\n\r\n");
  const std::string answer = late.ReadAll();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("/late"));
  may_end.set_value();
  EXPECT_THAT(slow.ReadAll(), EndsWith("/slow"));
  EXPECT_EQ(idle.ReadAll(), "");
}

TEST(HttpServerTest, UnixSockets) {
  const TemporaryDirectory dir;
  const std::string address = "unix:" + dir.path() + "/socket";
  auto server = Start(Echo, {.address = address});
  EXPECT_EQ(server->port(), 0);
  const auto second = HttpServer::Start({.address = address}, Echo);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), StatusCode::kAlreadyExists);
  server.reset();  // leaves the file, which the next one takes
  server = Start([](const HttpQuestion& question) { return HttpAnswer{.body = question.peer}; },
                 {.address = address});
  RawClient client(dir.path() + "/socket");
  client.Send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), EndsWith("unix"));
  EXPECT_FALSE(HttpServer::Start({.address = "unix:"}, Echo).ok());
}

TEST(HttpServerTest, RefusalsCanLookLikeEverythingElse) {
  const auto server =
      Start(Echo, {.refusal = [](int status, std::string_view text) {
              return HttpAnswer{.status = status, .body = fmt::format("[{}]", text)};
            }});
  EXPECT_THAT(Talk(server->port(), "x\r\n\r\n"), EndsWith("\r\n\r\n[not an HTTP request]"));
}

class HttpServerTlsTest : public ::testing::Test {
 protected:
  Result<HttpResponse> Get(const HttpServer& server, const TlsOptions& tls) {
    const auto client = HttpClient::Create({.tls = tls}).value();
    return client->Send({.method = "PUT",
                         .url = fmt::format("https://127.0.0.1:{}/", server.port()),
                         .body = body_});
  }
  TlsServerOptions Options() const {
    const TestCertificate own = authority_.Issue("server", "IP:127.0.0.1");
    return {.cert_pem = own.cert_pem, .key_pem = own.key_pem};
  }

  TestAuthority authority_;
  const std::string body_ = std::string(2'000'000, 'y');
};

TEST_F(HttpServerTlsTest, SpeaksTls) {
  const auto server = Start(Echo, {.max_body_bytes = 8u << 20, .tls = Options()});
  const auto response = Get(*server, {.ca_pem = authority_.ca_pem()});
  ASSERT_TRUE(response.ok()) << response.error();
  EXPECT_EQ(response->body, "<" + body_ + ">");
  EXPECT_EQ(Talk(server->port(), "GET / HTTP/1.0\r\n\r\n").find("HTTP"), std::string::npos);
  EXPECT_FALSE(Get(*server, {.ca_pem = TestAuthority().ca_pem()}).ok());
}

TEST_F(HttpServerTlsTest, AsksClientsForCertificates) {
  TlsServerOptions options = Options();
  options.client_ca_pem = authority_.ca_pem();
  const auto server = Start(Echo, {.max_body_bytes = 8u << 20, .tls = options});
  TlsOptions client{.ca_pem = authority_.ca_pem()};
  EXPECT_FALSE(Get(*server, client).ok());
  const TestCertificate stranger = TestAuthority().Issue("stranger");
  client.cert_pem = stranger.cert_pem;
  client.key_pem = stranger.key_pem;
  EXPECT_FALSE(Get(*server, client).ok());
  const TestCertificate friendly = authority_.Issue("friend");
  client.cert_pem = friendly.cert_pem;
  client.key_pem = friendly.key_pem;
  const auto response = Get(*server, client);
  EXPECT_TRUE(response.ok()) << response.status();
}

TEST_F(HttpServerTlsTest, ChangesCertificates) {
  const auto server = Start(Echo, {.max_body_bytes = 8u << 20, .tls = Options()});
  const TestAuthority other;
  EXPECT_FALSE(Get(*server, {.ca_pem = other.ca_pem()}).ok());
  const TestCertificate own = other.Issue("server", "IP:127.0.0.1");
  ASSERT_TRUE(server->ChangeTls({.cert_pem = own.cert_pem, .key_pem = own.key_pem}).ok());
  EXPECT_TRUE(Get(*server, {.ca_pem = other.ca_pem()}).ok());
  EXPECT_FALSE(server->ChangeTls({.cert_pem = "rubbish", .key_pem = own.key_pem}).ok());
  EXPECT_FALSE(server->ChangeTls({}).ok());
  EXPECT_TRUE(Get(*server, {.ca_pem = other.ca_pem()}).ok());
}

TEST(HttpServerTest, RefusesCertificatesThatCannotBeUsed) {
  const TestAuthority authority;
  const TestCertificate one = authority.Issue("one");
  const TestCertificate two = authority.Issue("two");
  for (const TlsServerOptions& tls :
       {TlsServerOptions{.cert_pem = one.cert_pem}, TlsServerOptions{.key_pem = one.key_pem},
        TlsServerOptions{.cert_pem = one.cert_pem, .key_pem = two.key_pem},
        TlsServerOptions{.cert_pem = "x", .key_pem = one.key_pem}}) {
    const auto server = HttpServer::Start({.address = "127.0.0.1:0", .tls = tls}, Echo);
    ASSERT_FALSE(server.ok());
    EXPECT_EQ(server.error().code(), StatusCode::kInvalidArgument);
  }
}

TEST(HttpServerTest, WhoTakesLongLeavesItsPlaceToAnotherThread) {
  std::latch answered(1);
  const auto server = Start(
      [&](const HttpQuestion& question) {
        if (question.path == "/slow") {
          question.takes_long();
          question.takes_long();
          answered.wait();
        }
        return HttpAnswer{.body = question.path};
      },
      {.threads = 2, .busy_threads = 1});
  auto slow = std::async(std::launch::async,
                         [&] { return Talk(server->port(), "GET /slow HTTP/1.0\r\n\r\n"); });
  EXPECT_THAT(Talk(server->port(), "GET /quick HTTP/1.0\r\n\r\n"), EndsWith("/quick"));
  answered.count_down();
  EXPECT_THAT(slow.get(), EndsWith("/slow"));
  EXPECT_THAT(Talk(server->port(), "GET /later HTTP/1.0\r\n\r\n"), EndsWith("/later"));
}

TEST(HttpServerTest, NoMoreThreadsAreBusyThanAllowed) {
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  const auto server = Start(
      [&](const HttpQuestion&) {
        const int now = ++inside;
        for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
        }
        std::this_thread::yield();
        --inside;
        return HttpAnswer{.body = "done"};
      },
      {.threads = 8, .busy_threads = 1});
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back(
          [&] { EXPECT_THAT(Talk(server->port(), "GET / HTTP/1.0\r\n\r\n"), EndsWith("done")); });
    }
  }
  EXPECT_EQ(most, 1);
}

}  // namespace
}  // namespace trainyard::net
