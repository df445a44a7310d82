#include "net/web_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <future>

#include "base/testing/pace.h"
#include "net/testing/raw_server.h"

namespace trainyard::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using PlainServer = websocket::stream<asio::ip::tcp::socket>;

constexpr seconds kPatience(60);

// The server's side of a WebSocket over the connection, which stays the RawServer's to close.
template <class Use>
void WithWebSocket(RawConnection& connection, Use use) {
  asio::io_context context;
  PlainServer socket(context);
  socket.next_layer().assign(asio::ip::tcp::v4(), dup(connection.socket()));
  use(socket);
}

void Answer(PlainServer& socket, std::string_view subprotocol, error_code& error) {
  socket.set_option(websocket::stream_base::decorator([&](websocket::response_type& response) {
    if (!subprotocol.empty()) {
      response.set(http::field::sec_websocket_protocol,
                   boost::beast::string_view(subprotocol.data(), subprotocol.size()));
    }
  }));
  socket.accept(error);
}

template <class Stream>
void Echo(Stream& socket) {
  error_code error;
  boost::beast::flat_buffer buffer;
  while (!error) {
    socket.read(buffer, error);
    if (error) return;
    socket.binary(socket.got_binary());
    socket.write(buffer.data(), error);
    buffer.clear();
  }
}

void EchoScript(RawConnection& connection) {
  WithWebSocket(connection, [](PlainServer& socket) {
    error_code error;
    Answer(socket, "v5.channel.k8s.io", error);
    Echo(socket);
  });
}

WebSocketOptions OptionsFor(const RawServer& server) {
  return {.url = server.url() + "/exec?secret"};
}

TEST(WebSocketTest, CarriesMessagesBothWays) {
  RawServer server(EchoScript);
  WebSocketOptions options = OptionsFor(server);
  options.subprotocols = {"v5.channel.k8s.io", "v4.channel.k8s.io"};
  const auto socket = WebSocket::Connect(options).value();
  EXPECT_EQ(socket->subprotocol(), "v5.channel.k8s.io");
  for (const std::string& message : {std::string("hello"), std::string(),
                                     std::string("\0\1\xff", 3), std::string(1 << 20, 'x')}) {
    ASSERT_TRUE(socket->Write(message).ok());
    const auto echo = socket->Read(kPatience);
    ASSERT_TRUE(echo.ok()) << echo.error();
    EXPECT_TRUE(*echo == message) << message.size();
  }
}

TEST(WebSocketTest, ALargeMessageIsOneFrame) {
  std::promise<std::string> head;
  RawServer server([&](RawConnection& connection) {
    WithWebSocket(connection, [&](PlainServer& socket) {
      error_code error;
      Answer(socket, "", error);
      std::string bytes(10, '\0');
      asio::read(socket.next_layer(), asio::buffer(bytes), error);
      head.set_value(bytes);
    });
  });
  auto socket = WebSocket::Connect(OptionsFor(server));
  ASSERT_TRUE(socket.ok()) << socket.status();
  (void)(*socket)->Write(std::string(100'000, 'x'));
  auto bytes = head.get_future();
  ASSERT_EQ(bytes.wait_for(kPatience), std::future_status::ready);
  // Final and binary; masked, with 64 bits of length.
  EXPECT_EQ(bytes.get(), std::string("\x82\xff\0\0\0\0\0\x01\x86\xa0", 10));
}

TEST(WebSocketTest, OffersHeadersAndSubprotocols) {
  std::promise<std::string> head;
  RawServer server([&](RawConnection& connection) { head.set_value(connection.ReadHead()); });
  WebSocketOptions options = OptionsFor(server);
  options.headers = {{"Authorization", "Bearer x"}};
  options.subprotocols = {"a", "b"};
  EXPECT_EQ(WebSocket::Connect(options).status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(head.get_future().get(),
              AllOf(HasSubstr("GET /exec?secret HTTP/1.1\r\n"),
                    HasSubstr(fmt::format("Host: 127.0.0.1:{}\r\n", server.port())),
                    HasSubstr("Authorization: Bearer x\r\n"),
                    HasSubstr("Sec-WebSocket-Protocol: a, b\r\n")));
}

TEST(WebSocketTest, OneThreadMayReadWhileAnotherWrites) {
  RawServer server(EchoScript);
  const auto socket = WebSocket::Connect(OptionsFor(server)).value();
  std::jthread writer([&] {
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(socket->Write(std::to_string(i)).ok());
  });
  for (int i = 0; i < 500; ++i) {
    const auto echo = socket->Read(kPatience);
    ASSERT_TRUE(echo.ok()) << echo.error();
    EXPECT_EQ(*echo, std::to_string(i));
  }
}

TEST(WebSocketTest, TellsThatTheOtherSideHasClosed) {
  RawServer server([](RawConnection& connection) {
    WithWebSocket(connection, [](PlainServer& socket) {
      error_code error;
      Answer(socket, "", error);
      socket.write(asio::buffer("last", 4), error);
      socket.close(websocket::close_code::normal, error);
    });
  });
  const auto socket = WebSocket::Connect(OptionsFor(server)).value();
  EXPECT_EQ(socket->subprotocol(), "");
  EXPECT_EQ(socket->Read(kPatience).value(), "last");
  EXPECT_EQ(socket->Read(kPatience).value(), std::nullopt);
  EXPECT_EQ(socket->Read(kPatience).value(), std::nullopt);
  EXPECT_EQ(socket->Write("x").code(), StatusCode::kUnavailable);
}

TEST(WebSocketTest, LostConnectionIsUnavailable) {
  RawServer server([](RawConnection& connection) {
    WithWebSocket(connection, [](PlainServer& socket) {
      error_code error;
      Answer(socket, "", error);
    });
  });
  const auto socket = WebSocket::Connect(OptionsFor(server)).value();
  const auto message = socket->Read(kPatience);
  ASSERT_FALSE(message.ok());
  EXPECT_EQ(message.error().code(), StatusCode::kUnavailable);
  EXPECT_THAT(message.error().message(), AllOf(HasSubstr("/exec"), Not(HasSubstr("secret"))));
}

TEST(WebSocketTest, ReadingMayGoOnAfterATimeout) {
  RawServer server(EchoScript);
  const auto socket = WebSocket::Connect(OptionsFor(server)).value();
  EXPECT_EQ(socket->Read(milliseconds(20)).status().code(), StatusCode::kDeadlineExceeded);
  ASSERT_TRUE(socket->Write("x").ok());
  EXPECT_EQ(socket->Read(kPatience).value(), "x");
}

TEST(WebSocketTest, CloseEndsAReadThatWaits) {
  std::promise<error_code> end;
  RawServer server([&](RawConnection& connection) {
    WithWebSocket(connection, [&](PlainServer& socket) {
      error_code error;
      Answer(socket, "", error);
      boost::beast::flat_buffer buffer;
      socket.read(buffer, error);
      end.set_value(error);
    });
  });
  const auto socket = WebSocket::Connect(OptionsFor(server)).value();
  std::jthread closer([&] {
    socket->Close();
    socket->Close();
  });
  EXPECT_EQ(socket->Read(kPatience).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(socket->Write("x").code(), StatusCode::kCancelled);
  EXPECT_EQ(end.get_future().get(), websocket::error::closed);  // a close frame, not a cut
}

TEST(WebSocketTest, SilentServerIsGivenUp) {
  RawServer server([](RawConnection& connection) {
    WithWebSocket(connection, [&](PlainServer& socket) {
      error_code error;
      Answer(socket, "", error);
      connection.WaitForClose();  // reads, but answers no ping
    });
  });
  WebSocketOptions options = OptionsFor(server);
  options.ping_interval = milliseconds(20);
  const auto socket = WebSocket::Connect(options).value();
  const auto message = socket->Read(kPatience);
  ASSERT_FALSE(message.ok());
  EXPECT_EQ(message.error().code(), StatusCode::kUnavailable);
  EXPECT_THAT(message.error().message(), HasSubstr("nothing came for 80 ms"));
}

TEST(WebSocketTest, PingsKeepAQuietConnection) {
  std::atomic<int> pings = 0;
  RawServer server([&](RawConnection& connection) {
    WithWebSocket(connection, [&](PlainServer& socket) {
      error_code error;
      Answer(socket, "", error);
      socket.control_callback([&](websocket::frame_type type, boost::beast::string_view) {
        if (type == websocket::frame_type::ping) ++pings;
      });
      Echo(socket);
    });
  });
  EXPECT_TRUE(HoldsAtSomePace([&](milliseconds pace) {
    pings = 0;
    WebSocketOptions options = OptionsFor(server);
    options.ping_interval = pace;
    const auto socket = WebSocket::Connect(options).value();
    if (socket->Read(10 * pace).status().code() != StatusCode::kDeadlineExceeded) return false;
    if (pings < 3 || !socket->Write("x").ok()) return false;
    const auto echo = socket->Read(kPatience);
    return echo.ok() && *echo == "x";
  }));
}

TEST(WebSocketTest, RefusalsBecomeTheCodeThatFits) {
  const std::vector<std::pair<std::string, StatusCode>> answers = {
      {"400 Bad Request", StatusCode::kInvalidArgument},
      {"401 Unauthorized", StatusCode::kUnauthenticated},
      {"403 Forbidden", StatusCode::kPermissionDenied},
      {"404 Not Found", StatusCode::kNotFound},
      {"200 OK", StatusCode::kUnavailable},
      {"500 Internal Server Error", StatusCode::kUnavailable},
  };
  for (const auto& [line, code] : answers) {
    RawServer server([&](RawConnection& connection) {
      connection.ReadHead();
      connection.Write("HTTP/1.1 " + line + "\r\nContent-Length: 2003\r\n\r\nWhy" +
                       std::string(2000, 'y'));
    });
    const Status status = WebSocket::Connect(OptionsFor(server)).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr(line.substr(0, 3)), HasSubstr("Whyyy")));
    EXPECT_LT(status.message().size(), 1500u);
  }
}

TEST(WebSocketTest, RubbishInTheHandshakeIsUnavailable) {
  for (const std::string& answer :
       {std::string("hello\r\n\r\n"), std::string(), std::string("HTTP/1.1 101 x\r\n\r\n"),
        std::string("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                    "Sec-WebSocket-Accept: wrong\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x')}) {
    RawServer server([&](RawConnection& connection) {
      connection.ReadHead();
      connection.Write(answer);
    });
    EXPECT_EQ(WebSocket::Connect(OptionsFor(server)).status().code(), StatusCode::kUnavailable);
  }
}

TEST(WebSocketTest, RubbishAfterTheHandshakeIsUnavailable) {
  for (const std::string& bytes :
       {std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), std::string(100, '\0'),
        std::string("\x82\x80masked from the server")}) {
    RawServer server([&](RawConnection& connection) {
      WithWebSocket(connection, [&](PlainServer& socket) {
        error_code error;
        Answer(socket, "", error);
        connection.Write(bytes);
      });
    });
    const auto message = WebSocket::Connect(OptionsFor(server)).value()->Read(kPatience);
    EXPECT_EQ(message.status().code(), StatusCode::kUnavailable) << message.status();
  }
}

TEST(WebSocketTest, MessageOverTheLimitEndsTheConnection) {
  RawServer server(EchoScript);
  WebSocketOptions options = OptionsFor(server);
  options.max_message_bytes = 1000;
  const auto socket = WebSocket::Connect(options).value();
  ASSERT_TRUE(socket->Write(std::string(1001, 'x')).ok());
  EXPECT_EQ(socket->Read(kPatience).status().code(), StatusCode::kResourceExhausted);
}

TEST(WebSocketTest, EveryStepOfConnectingHasTheDeadline) {
  RawServer silent([](RawConnection& connection) { connection.WaitForClose(); });
  for (const char* scheme : {"ws", "wss"}) {
    const Status status =
        WebSocket::Connect({.url = fmt::format("{}://127.0.0.1:{}/x", scheme, silent.port()),
                            .connect_timeout = milliseconds(50)})
            .status();
    EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
  }
  const Status status =
      WebSocket::Connect({.url = "ws://127.0.0.1/x",
                          .proxy = fmt::format("http://127.0.0.1:{}", silent.port()),
                          .connect_timeout = milliseconds(50)})
          .status();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
}

TEST(WebSocketTest, NobodyListeningIsUnavailable) {
  int port = 0;
  {
    port = RawServer([](RawConnection&) {}).port();
  }
  EXPECT_EQ(WebSocket::Connect({.url = fmt::format("ws://127.0.0.1:{}", port)}).status().code(),
            StatusCode::kUnavailable);
  EXPECT_EQ(WebSocket::Connect({.url = "ftp://127.0.0.1"}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(WebSocketTest, GoesThroughAProxy) {
  RawServer proxy([](RawConnection& connection) {
    if (!connection.ReadHead().starts_with("CONNECT no.such.host:81 HTTP/1.1\r\n")) return;
    connection.Write("HTTP/1.1 200 Connection established\r\n\r\n");
    EchoScript(connection);
  });
  const auto socket =
      WebSocket::Connect({.url = "ws://no.such.host:81/x", .proxy = proxy.url()}).value();
  ASSERT_TRUE(socket->Write("x").ok());
  EXPECT_EQ(socket->Read(kPatience).value(), "x");

  RawServer refusing([](RawConnection& connection) {
    connection.ReadHead();
    connection.Write("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
  });
  const Status status =
      WebSocket::Connect({.url = "ws://no.such.host:81/x", .proxy = refusing.url()}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("407"));
}

class WebSocketTlsTest : public ::testing::Test {
 protected:
  static void EchoOverTls(RawConnection& connection, const TestCertificate& certificate) {
    asio::ssl::context tls(asio::ssl::context::tls_server);
    tls.use_certificate_chain(asio::buffer(certificate.cert_pem));
    tls.use_private_key(asio::buffer(certificate.key_pem), asio::ssl::context::pem);
    asio::io_context context;
    websocket::stream<asio::ssl::stream<asio::ip::tcp::socket>> socket(context, tls);
    boost::beast::get_lowest_layer(socket).assign(asio::ip::tcp::v4(), dup(connection.socket()));
    error_code error;
    socket.next_layer().handshake(asio::ssl::stream_base::server, error);
    if (!error) socket.accept(error);
    if (!error) Echo(socket);
  }

  Result<std::unique_ptr<WebSocket>> Connect(const RawServer& server, TlsOptions tls) const {
    return WebSocket::Connect(
        {.url = fmt::format("wss://127.0.0.1:{}/", server.port()), .tls = std::move(tls)});
  }

  const TestAuthority authority_;
  const TestCertificate named_ = authority_.Issue("x", "DNS:kubernetes");
  RawServer server_{[this](RawConnection& connection) { EchoOverTls(connection, named_); }};
};

TEST_F(WebSocketTlsTest, CarriesMessages) {
  const auto socket =
      Connect(server_, {.ca_pem = authority_.ca_pem(), .server_name = "kubernetes"});
  ASSERT_TRUE(socket.ok()) << socket.error();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE((*socket)->Write(std::string(100'000, 'x')).ok());
    EXPECT_EQ((*socket)->Read(kPatience).value()->size(), 100'000u);
  }
}

TEST_F(WebSocketTlsTest, BelievesNeitherAnotherNameNorAnotherAuthority) {
  for (const TlsOptions& tls :
       {TlsOptions{.ca_pem = authority_.ca_pem()},
        TlsOptions{.ca_pem = authority_.ca_pem(), .server_name = "else"},
        TlsOptions{.ca_pem = TestAuthority().ca_pem(), .server_name = "kubernetes"}}) {
    const auto socket = Connect(server_, tls);
    ASSERT_FALSE(socket.ok());
    EXPECT_EQ(socket.error().code(), StatusCode::kUnauthenticated) << socket.error();
  }
  EXPECT_TRUE(Connect(server_, {.insecure_skip_verify = true}).ok());
}

}  // namespace
}  // namespace trainyard::net
