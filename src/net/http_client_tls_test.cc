#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>

#include "net/http_client.h"
#include "net/testing/raw_server.h"

namespace trainyard::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Answers every request with the name in the client's certificate.
void AnswerWithName(RawConnection& connection) {
  while (!connection.ReadHead().empty()) {
    const std::string name = connection.client_name();
    connection.Write(
        fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", name.size(), name));
  }
}

class HttpClientTlsTest : public ::testing::Test {
 protected:
  TlsOptions Tls(const TestCertificate& client = {}) const {
    return {.ca_pem = authority_.ca_pem(), .cert_pem = client.cert_pem, .key_pem = client.key_pem};
  }
  static Result<HttpResponse> Get(const RawServer& server, const TlsOptions& tls) {
    return HttpClient::Create({.tls = tls}).value()->Send({.url = server.url() + "/?secret"});
  }

  const TestAuthority authority_;
  const TestCertificate local_ = authority_.Issue("server", "IP:127.0.0.1");
};

TEST_F(HttpClientTlsTest, BelievesTheAuthorityThatIsGiven) {
  RawServer server(AnswerWithName, {.certificate = local_});
  const auto response = Get(server, Tls());
  ASSERT_TRUE(response.ok()) << response.error();
  EXPECT_EQ(response->status, 200);
}

TEST_F(HttpClientTlsTest, DoesNotBelieveOthers) {
  RawServer server(AnswerWithName, {.certificate = local_});
  for (const std::string& ca : {std::string(), TestAuthority().ca_pem()}) {
    const auto response = Get(server, {.ca_pem = ca});
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.error().code(), StatusCode::kUnauthenticated) << response.error();
    EXPECT_THAT(response.error().message(), Not(HasSubstr("secret")));
  }
}

TEST_F(HttpClientTlsTest, DoesNotBelieveAnotherName) {
  RawServer server(AnswerWithName, {.certificate = authority_.Issue("x", "DNS:else,IP:127.0.0.2")});
  EXPECT_EQ(Get(server, Tls()).status().code(), StatusCode::kUnauthenticated);
}

TEST_F(HttpClientTlsTest, VerifiesTheServerNameThatIsGivenInstead) {
  std::promise<std::string> head;
  RawServer server(
      [&](RawConnection& connection) {
        head.set_value(connection.ReadHead());
        connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      },
      {.certificate = authority_.Issue("x", "DNS:kubernetes")});
  TlsOptions tls = Tls();
  tls.server_name = "kubernetes";
  const auto response = Get(server, tls);
  ASSERT_TRUE(response.ok()) << response.error();
  EXPECT_THAT(head.get_future().get(),
              HasSubstr(fmt::format("Host: 127.0.0.1:{}\r\n", server.port())));
}

TEST_F(HttpClientTlsTest, AnotherServerNameIsNotBelieved) {
  RawServer server(AnswerWithName, {.certificate = local_});
  TlsOptions tls = Tls();
  tls.server_name = "kubernetes";
  EXPECT_EQ(Get(server, tls).status().code(), StatusCode::kUnauthenticated);
}

TEST_F(HttpClientTlsTest, InsecureBelievesAnything) {
  RawServer server(AnswerWithName, {.certificate = TestAuthority().Issue("x")});
  EXPECT_TRUE(Get(server, {.insecure_skip_verify = true}).ok());
}

TEST_F(HttpClientTlsTest, ShowsItsCertificate) {
  RawServer server(AnswerWithName, {.certificate = local_, .client_ca_pem = authority_.ca_pem()});
  const auto response = Get(server, Tls(authority_.Issue("operator")));
  ASSERT_TRUE(response.ok()) << response.error();
  EXPECT_EQ(response->body, "operator");
  EXPECT_EQ(Get(server, Tls()).status().code(), StatusCode::kUnavailable);
}

TEST_F(HttpClientTlsTest, NewRequestsShowNewCertificates) {
  RawServer server(AnswerWithName, {.certificate = local_, .client_ca_pem = authority_.ca_pem()});
  const auto client = HttpClient::Create({.tls = Tls(authority_.Issue("old"))}).value();
  std::vector<std::string> names;
  const auto ask = [&] { names.push_back(client->Send({.url = server.url()})->body); };
  ask();
  ask();
  const TlsOptions tls = Tls(authority_.Issue("new"));
  ASSERT_TRUE(client->SetTls(tls).ok());
  ask();
  ASSERT_TRUE(client->SetTls(tls).ok());  // no change, so no new connection
  ask();
  EXPECT_THAT(names, ElementsAre("old", "old", "new", "new"));
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTlsTest, OldConnectionsEndWithTheirLastRequest) {
  std::promise<void> old_is_open;
  std::promise<void> old_may_end;
  std::promise<void> old_is_closed;
  RawServer server(
      [&](RawConnection& connection) {
        connection.ReadHead();
        if (connection.number() == 0) {
          old_is_open.set_value();
          old_may_end.get_future().wait();
        }
        connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        connection.WaitForClose();
        if (connection.number() == 0) old_is_closed.set_value();
      },
      {.certificate = local_});
  const auto client = HttpClient::Create({.tls = Tls()}).value();
  std::promise<Status> end;
  const auto stream = client->Open(
      {.url = server.url()}, {.on_end = [&](const Status& status) { end.set_value(status); }});
  old_is_open.get_future().wait();
  ASSERT_TRUE(client->SetTls(Tls(authority_.Issue("new"))).ok());
  EXPECT_TRUE(client->Send({.url = server.url()}).ok());
  old_may_end.set_value();
  EXPECT_TRUE(end.get_future().get().ok());
  EXPECT_EQ(old_is_closed.get_future().wait_for(std::chrono::seconds(60)),
            std::future_status::ready);
}

TEST_F(HttpClientTlsTest, OldConnectionsThatAreIdleEndWithLaterRequests) {
  std::atomic<bool> old_is_closed = false;
  RawServer server(
      [&](RawConnection& connection) {
        AnswerWithName(connection);
        if (connection.number() == 0) old_is_closed = true;
      },
      {.certificate = local_});
  const auto client = HttpClient::Create({.tls = Tls()}).value();
  const auto send_until = [&](std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!old_is_closed && std::chrono::steady_clock::now() < end) {
      ASSERT_TRUE(client->Send({.url = server.url()}).ok());
    }
  };
  send_until(std::chrono::milliseconds(1100));  // libcurl counts ages in seconds
  ASSERT_TRUE(client->SetTls(Tls(authority_.Issue("new"))).ok());
  send_until(std::chrono::seconds(60));
  EXPECT_TRUE(old_is_closed);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTlsTest, RefusesPemThatIsNone) {
  const TestCertificate one = authority_.Issue("one");
  const TestCertificate two = authority_.Issue("two");
  const std::string broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const auto client = HttpClient::Create({}).value();
  for (const TlsOptions& tls : {
           TlsOptions{.ca_pem = "x"},
           TlsOptions{.ca_pem = broken},
           TlsOptions{.ca_pem = authority_.ca_pem() + broken},
           TlsOptions{.cert_pem = one.cert_pem},
           TlsOptions{.key_pem = one.key_pem},
           TlsOptions{.cert_pem = "x", .key_pem = one.key_pem},
           TlsOptions{.cert_pem = one.cert_pem, .key_pem = "x"},
           TlsOptions{.cert_pem = one.cert_pem, .key_pem = two.key_pem},
       }) {
    const auto created = HttpClient::Create({.tls = tls});
    ASSERT_FALSE(created.ok());
    EXPECT_EQ(created.error().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(client->SetTls(tls), created.error());
  }
}

TEST_F(HttpClientTlsTest, PlainServerOnATlsPortIsUnavailable) {
  RawServer server(
      [](RawConnection& connection) { connection.Write("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  const auto response = HttpClient::Create({}).value()->Send(
      {.url = fmt::format("https://127.0.0.1:{}", server.port())});
  EXPECT_EQ(response.status().code(), StatusCode::kUnavailable) << response.status();
}

}  // namespace
}  // namespace trainyard::net
