#include "net/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_client.h"

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
  const auto server = Start([](const HttpQuestion&) { return HttpAnswer{}; },
                            {.idle_timeout = std::chrono::milliseconds(50)});
  EXPECT_THAT(Talk(server->port(), "GET / HTTP/1.1\r\nHo"), StartsWith("HTTP/1.1 408"));
  EXPECT_EQ(Talk(server->port(), ""), "");  // nothing asked, nothing answered
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

}  // namespace
}  // namespace trainyard::net
