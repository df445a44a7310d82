#include "net/http_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <optional>
#include <thread>
#include <utility>

namespace trainyard::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Tcp = asio::ip::tcp;

constexpr size_t kMaxHeadBytes = 16u << 10;
constexpr size_t kMaxBodyBytes = 1u << 20;

// Text for "%41"; nothing for a malformed escape.
std::optional<std::string> PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    unsigned byte = 0;
    const char* const begin = text.data() + i + 1;
    const auto [end, error] = std::from_chars(begin, begin + 2, byte, 16);
    if (error != std::errc() || end != begin + 2) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

Result<Tcp::endpoint> ParseAddress(std::string_view address) {
  const Status bad = InvalidArgumentError(
      "not an address to listen on: \"{}\" (like 127.0.0.1:8080, [::1]:0 or :8080)", address);
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return bad;
  const std::string_view port_text = address.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, error] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (port_text.empty() || error != std::errc() || end != port_text.data() + port_text.size()) {
    return bad;
  }
  std::string host(address.substr(0, colon));
  if (host.empty()) return Tcp::endpoint(Tcp::v6(), port);
  const bool has_brackets = host.front() == '[' && host.back() == ']';
  if (has_brackets) host = host.substr(1, host.size() - 2);
  error_code parse_error;
  const asio::ip::address ip = asio::ip::make_address(host, parse_error);
  if (parse_error || ip.is_v6() != has_brackets) return bad;
  return Tcp::endpoint(ip, port);
}

// Opens the acceptor; for "every address" on a machine without IPv6 its IPv4 ones.
Status Listen(Tcp::acceptor& acceptor, Tcp::endpoint endpoint, const std::string& address) {
  error_code error;
  const bool is_any_v6 = endpoint.address() == asio::ip::address_v6::any();
  acceptor.open(endpoint.protocol(), error);
  if (error && is_any_v6) {
    endpoint = Tcp::endpoint(Tcp::v4(), endpoint.port());
    acceptor.open(endpoint.protocol(), error);
  } else if (!error && is_any_v6) {
    acceptor.set_option(asio::ip::v6_only(false), error);
  }
  if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) return OkStatus();
  if (error == asio::error::address_in_use) {
    return AlreadyExistsError("cannot listen on {}: the port is in use", address);
  }
  return ErrnoError(error.value(), "cannot listen on {}", address);
}

class Session;

// What sessions share, all in the server's thread.
struct Shared {
  HttpServerOptions options;
  HttpHandler handler;
  int connections = 0;
  std::function<void()> on_session_end;
};

// One connection: a request, its answer, the next request. Kept alive by its own pending
// operations.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Tcp::socket socket, Shared& shared)
      : socket_(std::move(socket)), timer_(socket_.get_executor()), shared_(shared) {
    ++shared_.connections;
  }
  ~Session() {
    --shared_.connections;
    if (shared_.on_session_end) shared_.on_session_end();
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void ReadRequest() {
    parser_.emplace();
    parser_->header_limit(kMaxHeadBytes);
    parser_->body_limit(kMaxBodyBytes);
    StartTimer();
    http::async_read(
        socket_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, size_t) { self->OnRead(error); });
  }

 private:
  // For a whole request or answer, so that one byte now and then does not keep a connection.
  void StartTimer() {
    is_late_ = false;
    timer_.expires_after(shared_.options.idle_timeout);
    timer_.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (error || self == nullptr || self->timer_.expiry() > Clock::now()) return;
      self->is_late_ = true;
      error_code ignored;
      self->socket_.cancel(ignored);
    });
  }

  void OnRead(error_code error) {
    if (!error) return Answer();
    keep_alive_ = false;
    version_ = 11;
    is_head_ = false;
    if (is_late_) {
      if (parser_->got_some()) Write({.status = 408, .body = "the request took too long\n"});
    } else if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      Write({.status = 431, .body = "the request's headers are too large\n"});
    } else if (error == http::error::body_limit) {
      Write({.status = 413, .body = "the request's body is too large\n"});
    } else if (error != http::error::end_of_stream && error != http::error::partial_message &&
               error.category() == http::make_error_code(http::error::bad_value).category()) {
      Write({.status = 400, .body = "not an HTTP request\n"});
    }
    // Otherwise the connection is lost; the session ends here.
  }

  void Answer() {
    auto request = parser_->release();
    keep_alive_ = request.keep_alive();
    version_ = request.version();
    is_head_ = request.method() == http::verb::head;
    const std::string_view target(request.target().data(), request.target().size());
    const size_t mark = std::min(target.find('?'), target.size());
    std::optional<std::string> path = PercentDecode(target.substr(0, mark));
    if (!path.has_value()) return Write({.status = 400, .body = "a malformed path\n"});
    HttpQuestion question;
    question.method = is_head_ ? "GET" : std::string(request.method_string());
    question.path = std::move(*path);
    question.query = target.substr(std::min(mark + 1, target.size()));
    question.body = std::move(request.body());
    Write(shared_.handler(question));
  }

  void Write(HttpAnswer answer) {
    answer_ = http::response<http::string_body>();
    answer_.version(version_);
    answer_.result(static_cast<unsigned>(answer.status));
    answer_.keep_alive(keep_alive_);
    if (!answer.body.empty()) answer_.set(http::field::content_type, answer.content_type);
    if (answer.status != 204 && answer.status != 304) answer_.content_length(answer.body.size());
    if (!is_head_) answer_.body() = std::move(answer.body);
    StartTimer();
    http::async_write(socket_, answer_, [self = shared_from_this()](error_code error, size_t) {
      self->OnWritten(error);
    });
  }

  void OnWritten(error_code error) {
    if (error) return;
    if (keep_alive_) return ReadRequest();
    // Closed at once, what the client still sends would reset the connection before it has read our
    // answer.
    socket_.shutdown(Tcp::socket::shutdown_send, error);
    Drain();
  }

  void Drain() {
    buffer_.clear();
    socket_.async_read_some(buffer_.prepare(kMaxHeadBytes),
                            [self = shared_from_this()](error_code error, size_t) {
                              if (!error && !self->is_late_) self->Drain();
                            });
  }

  using Clock = asio::steady_timer::clock_type;

  Tcp::socket socket_;
  asio::steady_timer timer_;
  Shared& shared_;
  boost::beast::flat_buffer buffer_{kMaxHeadBytes + kMaxBodyBytes};
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> answer_;
  unsigned version_ = 11;
  bool keep_alive_ = false;
  bool is_head_ = false;
  bool is_late_ = false;
};

class BeastServer : public HttpServer {
 public:
  BeastServer(const HttpServerOptions& options, HttpHandler handler)
      : shared_{.options = options, .handler = std::move(handler)},
        acceptor_(context_),
        pause_(context_) {
    shared_.on_session_end = [this] { Accept(); };
  }

  ~BeastServer() override {
    if (thread_.joinable()) {
      asio::post(context_, [this] { context_.stop(); });
      thread_.join();
    }
    shared_.on_session_end = nullptr;  // sessions end with the context, below
  }

  Status Start() {
    ASSIGN_OR_RETURN(const Tcp::endpoint endpoint, ParseAddress(shared_.options.address));
    RETURN_IF_ERROR(Listen(acceptor_, endpoint, shared_.options.address));
    error_code error;
    port_ = acceptor_.local_endpoint(error).port();
    if (error) return ErrnoError(error.value(), "cannot listen on {}", shared_.options.address);
    Accept();
    thread_ = std::jthread([this] { context_.run(); });
    return OkStatus();
  }

  int port() const override { return port_; }

 private:
  void Accept() {
    if (is_accepting_ || shared_.connections >= shared_.options.max_connections) return;
    is_accepting_ = true;
    acceptor_.async_accept([this](error_code error, Tcp::socket socket) {
      is_accepting_ = false;
      if (error) return Pause();
      error_code ignored;
      socket.set_option(Tcp::no_delay(true), ignored);
      std::make_shared<Session>(std::move(socket), shared_)->ReadRequest();
      Accept();
    });
  }

  // Out of file descriptors, most likely: trying again at once would only burn time.
  void Pause() {
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([this](error_code error) {
      if (!error) Accept();
    });
  }

  // In this order: the context's end destroys the sessions, which refer to `shared_`.
  Shared shared_;
  asio::io_context context_{1};
  Tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  bool is_accepting_ = false;
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                      HttpHandler handler) {
  auto server = std::make_unique<BeastServer>(options, std::move(handler));
  RETURN_IF_ERROR(server->Start());
  return server;
}

}  // namespace trainyard::net
