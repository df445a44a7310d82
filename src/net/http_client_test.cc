#include "net/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <numeric>

#include "base/testing/pace.h"
#include "net/http_server.h"
#include "net/testing/raw_server.h"

namespace trainyard::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr seconds kPatience(60);

std::unique_ptr<HttpClient> MakeClient(const HttpClientOptions& options = {}) {
  return HttpClient::Create(options).value();
}

std::unique_ptr<HttpServer> Serve(HttpHandler handler) {
  return HttpServer::Start({.address = "127.0.0.1:0"}, std::move(handler)).value();
}

std::string UrlOf(const HttpServer& server, std::string_view path = "/") {
  return fmt::format("http://127.0.0.1:{}{}", server.port(), path);
}

StatusCode CodeOf(const Result<HttpResponse>& result) { return result.status().code(); }

// What a stream's handler has seen, for the test's thread to wait for.
class Recorder {
 public:
  StreamHandler Handler() {
    return {.on_response = [this](const HttpResponse& head) { response_.set_value(head); },
            .on_data =
                [this](std::string_view data) {
                  const std::lock_guard lock(mutex_);
                  data_ += data;
                  return OkStatus();
                },
            .on_end = [this](const Status& status) { end_.set_value(status); }};
  }

  HttpResponse WaitForResponse() {
    auto future = response_.get_future();
    EXPECT_EQ(future.wait_for(kPatience), std::future_status::ready);
    return future.get();
  }
  Status WaitForEnd() {
    auto future = end_.get_future();
    EXPECT_EQ(future.wait_for(kPatience), std::future_status::ready);
    return future.get();
  }
  std::string data() {
    const std::lock_guard lock(mutex_);
    return data_;
  }

 private:
  std::promise<HttpResponse> response_;
  std::promise<Status> end_;
  std::mutex mutex_;
  std::string data_;
};

// Answers with headers, and then no more until the client goes.
void AnswerForever(RawConnection& connection) {
  connection.ReadHead();
  connection.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
  connection.WaitForClose();
}

TEST(HttpClientTest, BringsStatusHeadersAndBody) {
  RawServer server([](RawConnection& connection) {
    connection.ReadHead();
    connection.Write(
        "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
        "HTTP/1.1 404 Not Found\r\nX-Name:  some value \r\nContent-Length: 4\r\n\r\nbody");
  });
  const auto response = MakeClient()->Send({.url = server.url()});
  ASSERT_TRUE(response.ok()) << response.error();
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->body, "body");
  ASSERT_NE(FindHeader(response->headers, "x-name"), nullptr);
  EXPECT_EQ(*FindHeader(response->headers, "x-name"), "some value");
  EXPECT_EQ(FindHeader(response->headers, "x-early"), nullptr);
}

TEST(HttpClientTest, SendsWhatIsAskedForAndNoMore) {
  std::promise<std::string> head;
  RawServer server([&](RawConnection& connection) {
    head.set_value(connection.ReadHead());
    connection.Write("HTTP/1.1 204 No Content\r\n\r\n");
  });
  const auto response = MakeClient({.user_agent = "me/1"})
                            ->Send({.method = "PATCH",
                                    .url = server.url() + "/a/../b?c=%2F",
                                    .headers = {{"Accept", "x/y"}, {"X-Empty", ""}},
                                    .body = "{}"});
  ASSERT_TRUE(response.ok()) << response.error();
  EXPECT_EQ(response->status, 204);
  EXPECT_EQ(head.get_future().get(),
            fmt::format("PATCH /a/../b?c=%2F HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUser-Agent: me/1\r\n"
                        "Accept: x/y\r\nX-Empty:\r\nContent-Length: 2\r\n\r\n",
                        server.port()));
}

TEST(HttpClientTest, EveryMethodReusesTheConnection) {
  std::mutex mutex;
  std::vector<std::string> seen;
  const auto server = Serve([&](const HttpQuestion& question) {
    const std::lock_guard lock(mutex);
    seen.push_back(question.method + " " + question.body);
    return HttpAnswer{.body = "ok"};
  });
  const auto client = MakeClient();
  for (const auto& [method, body] :
       std::vector<std::pair<std::string, std::string>>{{"POST", "a"},
                                                        {"GET", ""},
                                                        {"POST", ""},
                                                        {"DELETE", ""},
                                                        {"DELETE", "b"},
                                                        {"PUT", "c"},
                                                        {"GET", ""}}) {
    const auto response = client->Send({.method = method, .url = UrlOf(*server), .body = body});
    ASSERT_TRUE(response.ok()) << response.error();
    EXPECT_EQ(response->body, "ok");
  }
  const auto head = client->Send({.method = "HEAD", .url = UrlOf(*server)});
  EXPECT_EQ(head->body, "");
  EXPECT_EQ(*FindHeader(head->headers, "Content-Length"), "2");
  EXPECT_THAT(seen, ::testing::ElementsAre("POST a", "GET ", "POST ", "DELETE ", "DELETE b",
                                           "PUT c", "GET ", "GET "));
}

TEST(HttpClientTest, OneConnectionServesRequestsInSuccession) {
  RawServer server([](RawConnection& connection) {
    while (!connection.ReadHead().empty()) {
      connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    }
  });
  const auto client = MakeClient();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client->Send({.url = server.url()}).ok());
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClientTest, SendsAgainOverANewConnectionIfTheOldOneHasGone) {
  RawServer server([](RawConnection& connection) {
    connection.ReadHead();
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
  });
  const auto client = MakeClient();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client->Send({.url = server.url()}).ok());
}

TEST(HttpClientTest, DoesNotFollowRedirects) {
  RawServer server([](RawConnection& connection) {
    connection.ReadHead();
    connection.Write("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n");
  });
  EXPECT_EQ(MakeClient()->Send({.url = server.url()})->status, 302);
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClientTest, FailuresNameMethodAndUrlWithoutQuery) {
  int port = 0;
  {
    port = RawServer([](RawConnection&) {}).port();
  }
  const auto response = MakeClient()->Send(
      {.method = "PUT", .url = fmt::format("http://127.0.0.1:{}/path?token=secret", port)});
  EXPECT_EQ(CodeOf(response), StatusCode::kUnavailable);
  EXPECT_THAT(response.error().message(),
              HasSubstr(fmt::format("PUT http://127.0.0.1:{}/path: ", port)));
  EXPECT_THAT(response.error().message(), Not(HasSubstr("secret")));
}

TEST(HttpClientTest, RefusesWhatMustNotBeSent) {
  const auto server = Serve([](const HttpQuestion&) { return HttpAnswer{}; });
  const auto client = MakeClient();
  const std::string url = UrlOf(*server);
  for (const HttpRequest& request : {
           HttpRequest{.method = "GET / HTTP/1.1\r\nX: y", .url = url},
           HttpRequest{.method = "", .url = url},
           HttpRequest{.url = url, .headers = {{"A", "b\r\nC: d"}}},
           HttpRequest{.url = url, .headers = {{"A b", "c"}}},
           HttpRequest{.url = url + "\r\nX: y"},
           HttpRequest{.url = url + "a b"},
           HttpRequest{.url = "file:///etc/passwd"},
           HttpRequest{.url = "ftp://127.0.0.1/"},
           HttpRequest{.url = ""},
       }) {
    EXPECT_EQ(CodeOf(client->Send(request)), StatusCode::kInvalidArgument) << request.url;
  }
  EXPECT_TRUE(client->Send({.url = url}).ok());
}

TEST(HttpClientTest, BodyOverTheLimitEndsTheRequest) {
  const auto server =
      Serve([](const HttpQuestion&) { return HttpAnswer{.body = std::string(100'000, 'x')}; });
  const auto client = MakeClient();
  EXPECT_EQ(client->Send({.url = UrlOf(*server), .max_body_bytes = 100'000})->body.size(), 100'000);
  const auto response = client->Send({.url = UrlOf(*server), .max_body_bytes = 99'999});
  EXPECT_EQ(CodeOf(response), StatusCode::kResourceExhausted);
  EXPECT_THAT(response.error().message(), HasSubstr("99999 bytes"));
}

TEST(HttpClientTest, TimeoutCountsForTheWholeResponse) {
  RawServer server(AnswerForever);
  const auto response = MakeClient()->Send({.url = server.url(), .timeout = milliseconds(50)});
  EXPECT_EQ(CodeOf(response), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(response.error().message(), HasSubstr("50 ms (timeout)"));
}

TEST(HttpClientTest, IdleTimeoutCountsFromTheLastByte) {
  RawServer server(AnswerForever);
  const auto client = MakeClient();
  EXPECT_TRUE(HoldsAtSomePace([&](milliseconds pace) {
    Recorder recorder;
    const auto stream =
        client->Open({.url = server.url(), .timeout = milliseconds(0), .idle_timeout = pace},
                     recorder.Handler());
    const Status end = recorder.WaitForEnd();
    EXPECT_EQ(end.code(), StatusCode::kDeadlineExceeded);
    EXPECT_THAT(end.message(), HasSubstr(fmt::format("{} ms (idle_timeout)", pace.count())));
    return recorder.data() == "first";
  }));
}

TEST(HttpClientTest, IdleTimeoutIsNotReachedWhileDataComes) {
  EXPECT_TRUE(HoldsAtSomePace([](milliseconds pace) {
    RawServer server([pace](RawConnection& connection) {
      connection.ReadHead();
      connection.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (int i = 0; i < 40 && connection.Write("1\r\nx\r\n"); ++i) {
        std::this_thread::sleep_for(pace);  // this is the server's
      }
      connection.Write("0\r\n\r\n");
    });
    return MakeClient()->Send({.url = server.url(), .idle_timeout = 20 * pace}).ok();
  }));
}

TEST(HttpClientTest, ServerThatVanishesMidBodyIsUnavailable) {
  for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
                             "HTTP/1.1 200 OK\r\nContent-Le", ""}) {
    RawServer server([&](RawConnection& connection) {
      connection.ReadHead();
      connection.Write(answer);
    });
    EXPECT_EQ(CodeOf(MakeClient()->Send({.url = server.url()})), StatusCode::kUnavailable)
        << answer;
  }
}

TEST(HttpClientTest, HeadersWithoutEndAreCutOff) {
  RawServer server([&](RawConnection& connection) {
    connection.ReadHead();
    connection.Write("HTTP/1.1 200 OK\r\n");
    while (connection.Write("X-Header: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  EXPECT_FALSE(MakeClient()->Send({.url = server.url()}).ok());
}

TEST(HttpClientTest, SendAllKeepsTheOrderAndTheLimit) {
  std::atomic<int> in_flight = 0;
  std::atomic<int> most = 0;
  RawServer server([&](RawConnection& connection) {
    for (std::string head; !(head = connection.ReadHead()).empty();) {
      const int now = ++in_flight;
      for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
      }
      const std::string path = head.substr(4, head.find(' ', 4) - 4);
      --in_flight;
      connection.Write(
          fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", path.size(), path));
    }
  });
  std::vector<HttpRequest> requests;
  for (int i = 0; i < 200; ++i) requests.push_back({.url = server.url() + "/" + std::to_string(i)});
  requests[50].url = "bad";
  const auto client = MakeClient({.max_connections = 8});
  const auto results = client->SendAll(requests, 3);
  ASSERT_EQ(results.size(), 200u);
  for (size_t i = 0; i < results.size(); ++i) {
    if (i == 50) {
      EXPECT_EQ(CodeOf(results[i]), StatusCode::kInvalidArgument);
    } else {
      ASSERT_TRUE(results[i].ok()) << results[i].error();
      EXPECT_EQ(results[i]->body, "/" + std::to_string(i));
    }
  }
  EXPECT_LE(most, 3);
  EXPECT_LE(server.connections(), 4);
  EXPECT_TRUE(client->SendAll({}, 1).empty());
}

TEST(HttpClientTest, ManyRequestsShareFewConnections) {
  RawServer server([&](RawConnection& connection) {
    while (!connection.ReadHead().empty()) {
      connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
  });
  const std::vector<HttpRequest> requests(100, HttpRequest{.url = server.url()});
  const auto client = MakeClient({.max_connections = 2});
  for (const auto& result : client->SendAll(requests, 100))
    EXPECT_TRUE(result.ok()) << result.error();
  EXPECT_LE(server.connections(), 2);
}

TEST(HttpClientTest, ManyThreadsMaySend) {
  const auto server =
      Serve([](const HttpQuestion& question) { return HttpAnswer{.body = question.path}; });
  const auto client = MakeClient();
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 50; ++i) {
          const std::string path = fmt::format("/{}/{}", t, i);
          const auto response = client->Send({.url = UrlOf(*server, path)});
          if (response.ok() && response->body == path) ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, 200);
}

TEST(HttpClientTest, StreamHandsOverPieces) {
  RawServer server([](RawConnection& connection) {
    connection.ReadHead();
    connection.Write("HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.Write("3\r\none\r\n");
    connection.Write("3\r\ntwo\r\n0\r\nTrailer: z\r\n\r\n");
  });
  const auto client = MakeClient();
  Recorder recorder;
  const auto stream = client->Open({.url = server.url()}, recorder.Handler());
  const HttpResponse response = recorder.WaitForResponse();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(*FindHeader(response.headers, "x"), "y");
  EXPECT_EQ(FindHeader(response.headers, "trailer"), nullptr);
  EXPECT_EQ(recorder.WaitForEnd(), OkStatus());
  EXPECT_EQ(recorder.data(), "onetwo");
}

TEST(HttpClientTest, HandlerThatFailsEndsTheStreamWithItsStatus) {
  RawServer server(AnswerForever);
  const auto client = MakeClient();
  std::promise<Status> end;
  const auto stream = client->Open(
      {.url = server.url()}, {.on_data = [](std::string_view) { return DataLossError("no JSON"); },
                              .on_end = [&](const Status& status) { end.set_value(status); }});
  EXPECT_EQ(end.get_future().get(), DataLossError("no JSON"));
}

TEST(HttpClientTest, StreamThatCannotBeginEnds) {
  const auto client = MakeClient();
  Recorder recorder;
  const auto stream = client->Open({.url = "nonsense"}, recorder.Handler());
  EXPECT_EQ(recorder.WaitForEnd().code(), StatusCode::kInvalidArgument);
}

TEST(HttpClientTest, NoHandlerRunsOnceTheStreamIsDestroyed) {
  std::promise<void> closed;
  RawServer server([&](RawConnection& connection) {
    AnswerForever(connection);
    closed.set_value();
  });
  const auto client = MakeClient();
  auto seen = std::make_shared<std::promise<void>>();
  std::atomic<bool> has_ended = false;
  auto stream = client->Open({.url = server.url(), .timeout = milliseconds(0)},
                             {.on_data =
                                  [seen](std::string_view) {
                                    seen->set_value();
                                    return OkStatus();
                                  },
                              .on_end = [&](const Status&) { has_ended = true; }});
  seen->get_future().wait();
  stream.reset();
  EXPECT_EQ(seen.use_count(), 1);  // what the handler held is gone, too
  EXPECT_EQ(closed.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_FALSE(has_ended);
}

TEST(HttpClientTest, DestructorOfAStreamWaitsForItsHandler) {
  RawServer server(AnswerForever);
  const auto client = MakeClient();
  std::promise<void> started;
  std::promise<void> may_end;
  std::atomic<bool> has_returned = false;
  auto stream = client->Open({.url = server.url()}, {.on_data = [&](std::string_view) {
                               started.set_value();
                               may_end.get_future().wait();
                               has_returned = true;
                               return OkStatus();
                             }});
  started.get_future().wait();
  std::jthread closer([&] {
    stream.reset();
    EXPECT_TRUE(has_returned);
  });
  may_end.set_value();
}

TEST(HttpClientTest, OneStreamsHandlerMayDestroyAnotherStream) {
  RawServer server(AnswerForever);
  const auto client = MakeClient();
  Recorder first_recorder;
  auto first = client->Open({.url = server.url()}, first_recorder.Handler());
  first_recorder.WaitForResponse();
  std::promise<void> done;
  const auto second = client->Open({.url = server.url()}, {.on_data = [&](std::string_view) {
                                     first.reset();
                                     done.set_value();
                                     return OkStatus();
                                   }});
  EXPECT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
}

TEST(HttpClientTest, ManyStreamsComeAndGo) {
  RawServer server(AnswerForever);
  const auto client = MakeClient({.max_connections = 100});
  for (int round = 0; round < 5; ++round) {
    std::vector<std::unique_ptr<HttpStream>> streams;
    for (int i = 0; i < 20; ++i) streams.push_back(client->Open({.url = server.url()}, {}));
  }
  EXPECT_FALSE(client->Send({.url = server.url(), .timeout = milliseconds(50)}).ok());
}

TEST(HttpClientTest, DestructorEndsOpenStreamsAndTheyMayOutliveIt) {
  RawServer server(AnswerForever);
  auto client = MakeClient();
  Recorder recorder;
  const auto stream = client->Open({.url = server.url()}, recorder.Handler());
  recorder.WaitForResponse();
  client.reset();
  EXPECT_EQ(recorder.WaitForEnd().code(), StatusCode::kCancelled);
}

TEST(HttpClientTest, GoesThroughTheProxyThatIsGivenAndNoOther) {
  std::promise<std::string> head;
  RawServer proxy([&](RawConnection& connection) {
    head.set_value(connection.ReadHead());
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  ASSERT_TRUE(MakeClient({.proxy = proxy.url()})->Send({.url = "http://no.such.host:81/x"}).ok());
  EXPECT_THAT(head.get_future().get(), HasSubstr("GET http://no.such.host:81/x HTTP/1.1"));

  const auto server = Serve([](const HttpQuestion&) { return HttpAnswer{}; });
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("all_proxy", "http://127.0.0.1:1", 1);
  EXPECT_TRUE(MakeClient()->Send({.url = UrlOf(*server)}).ok());
  unsetenv("http_proxy");
  unsetenv("all_proxy");
}

TEST(HttpClientTest, RefusesOptionsThatMakeNoSense) {
  EXPECT_EQ(HttpClient::Create({.max_connections = 0}).status().code(),
            StatusCode::kInvalidArgument);
}

// Whatever comes, the answer is a Status or a response, and the client goes on.
TEST(HttpClientTest, SurvivesRubbish) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::vector<std::string> corpus = {
      "\r\n\r\n",
      "hello",
      std::string(1000, '\0'),
      "HTTP/1.1",
      "HTTP/1.1 \r\n\r\n",
      "HTTP/1.1 abc OK\r\n\r\n",
      "HTTP/1.1 -1 OK\r\n\r\n",
      "HTTP/1.1 99999999999 OK\r\n\r\n",
      "HTTP/9.9 200 OK\r\n\r\n",
      "HTTP/2 200\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\nxxxx",
      "HTTP/1.1 100 Continue\r\n\r\n",
      ok + "Content-Length: -5\r\n\r\nxxxxx",
      ok + "Content-Length: 99999999999999999999999\r\n\r\nxxxxx",
      ok + "Content-Length: 18446744073709551615\r\n\r\nxxxxx",
      ok + "Content-Length: 3\r\nContent-Length: 5\r\n\r\nxxxxx",
      ok + "Content-Length: x\r\n\r\n",
      ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
      ok + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx",
      ok + "Transfer-Encoding: chunked\r\n\r\n-1\r\nx",
      ok + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
      ok + "Transfer-Encoding: gzip\r\n\r\nxxx",
      ok + " folded: 1\r\n: no name\r\nno colon\r\n\r\n",
      ok + "A: b\nC: d\n\nbody",
      ok + "X: " + std::string(300'000, 'x') + "\r\n\r\n",
      ok + std::string("A\0B: c\0d\r\n\r\n", 13),
      std::string("\x00\x00\x12\x04\x00\x00\x00\x00\x00", 9),  // the begin of HTTP/2
      "\x16\x03\x01\x02\x00",                                  // of TLS
  };
  std::vector<std::string> answers = corpus;
  uint32_t random = 1;
  for (int i = 0; i < 200; ++i) {  // the same, with bytes replaced
    std::string answer = corpus[static_cast<size_t>(i) % corpus.size()].substr(0, 500);
    for (int changes = 0; changes < 3; ++changes) {
      random = random * 1664525 + 1013904223;
      answer[(random >> 8) % answer.size()] = static_cast<char>(random >> 24);
    }
    answers.push_back(answer);
  }
  std::atomic<size_t> next = 0;
  RawServer server([&](RawConnection& connection) {
    connection.ReadHead();
    connection.Write(answers[next++ % answers.size()]);
  });
  const auto client = MakeClient();
  for (size_t i = 0; i < answers.size(); ++i) {
    const auto response = client->Send({.url = server.url(), .timeout = kPatience});
    if (response.ok()) {
      EXPECT_GE(response->status, 200) << answers[i];
    } else {
      EXPECT_FALSE(response.error().message().empty());
    }
  }
}

}  // namespace
}  // namespace trainyard::net
