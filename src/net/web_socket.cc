#include "net/web_socket.h"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "net/internal/dial.h"
#include "net/internal/tls_context.h"

namespace trainyard::net {
namespace {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
// Shared, since also a socket that has been moved away wants its context until it is destroyed.
using Context = std::shared_ptr<asio::io_context>;

// How long the other side may leave a message untaken, and a close frame unanswered.
constexpr std::chrono::seconds kWriteTimeout(60);
constexpr std::chrono::milliseconds kCloseTimeout(500);

// A WebSocket with a thread of its own, which does all input and output. It reads one message ahead
// and waits then, so that a reader that is slow slows the other side down.
template <class Stream>
class BeastSocket : public WebSocket {
 public:
  BeastSocket(Context context, websocket::stream<Stream> socket, std::string subprotocol,
              const WebSocketOptions& options)
      : url_(WithoutQuery(options.url)),
        subprotocol_(std::move(subprotocol)),
        ping_interval_(options.ping_interval),
        context_(std::move(context)),
        work_(context_->get_executor()),
        socket_(std::move(socket)),
        ping_timer_(*context_),
        deadline_timer_(*context_) {
    socket_.binary(true);
    // One message, one frame: API servers (golang.org/x/net/websocket) take each frame of a message
    // for a message of its own, and its first byte for a channel.
    socket_.auto_fragment(false);
    socket_.read_message_max(options.max_message_bytes);
    socket_.control_callback([this](websocket::frame_type, boost::beast::string_view) {
      last_received_ = Clock::now();
    });
    asio::post(*context_, [this] {
      ReadOn();
      WaitToPing();
    });
    context_->restart();
    thread_ = std::jthread([this] { context_->run(); });
  }

  ~BeastSocket() override {
    Close();
    thread_.join();
  }

  const std::string& subprotocol() const override { return subprotocol_; }

  Result<std::optional<std::string>> Read(std::chrono::milliseconds timeout) override {
    std::unique_lock lock(mutex_);
    const bool in_time = has_news_.wait_for(
        lock, timeout, [&] { return message_.has_value() || is_closing_ || end_.has_value(); });
    if (is_closing_) return CancelledError("{}: closed on this side", url_);
    if (message_.has_value()) {
      std::string message = *std::exchange(message_, std::nullopt);
      if (!end_.has_value()) asio::post(*context_, [this] { ReadOn(); });
      return std::optional<std::string>(std::move(message));
    }
    if (!in_time) {
      return DeadlineExceededError("{}: no message within {} ms", url_, timeout.count());
    }
    if (!end_->ok()) return *end_;
    return std::optional<std::string>();
  }

  Status Write(std::string_view message) override {
    std::unique_lock lock(mutex_);
    if (is_closing_) return CancelledError("{}: closed on this side", url_);
    if (end_.has_value()) return EndSeenByWriter();
    is_written_ = false;
    asio::post(*context_, [this, message] { StartWrite(message); });
    has_written_.wait(lock, [&] { return is_written_; });
    if (!write_error_) return OkStatus();
    if (is_closing_) return CancelledError("{}: closed on this side", url_);
    return end_.has_value()
               ? EndSeenByWriter()
               : UnavailableError("{}: cannot write: {}", url_, write_error_.message());
  }

  void Close() override {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(is_closing_, true)) return;
    }
    has_news_.notify_all();
    asio::post(*context_, [this] { StartClose(); });
  }

 private:
  // Needs mutex_.
  Status EndSeenByWriter() const {
    return end_->ok() ? UnavailableError("{}: closed by the other side", url_) : *end_;
  }

  // The socket's own thread, from here on.

  void ReadOn() {
    {
      const std::lock_guard lock(mutex_);
      if (is_reading_ || is_ended_ || message_.has_value()) return;
    }
    is_reading_ = true;
    last_received_ = Clock::now();
    ReadSome();
  }

  // Piece by piece, so that a large message that takes its time is not taken for silence.
  void ReadSome() {
    socket_.async_read_some(buffer_, 0, [this](error_code error, size_t) {
      last_received_ = Clock::now();
      if (error == websocket::error::closed) return End(OkStatus());
      if (error == websocket::error::message_too_big) {
        return End(ResourceExhaustedError("{}: a message is larger than {} bytes", url_,
                                          socket_.read_message_max()));
      }
      if (error) return End(UnavailableError("{}: connection lost: {}", url_, error.message()));
      if (!socket_.is_message_done()) return ReadSome();
      is_reading_ = false;
      const auto data = buffer_.data();
      {
        const std::lock_guard lock(mutex_);
        message_.emplace(static_cast<const char*>(data.data()), data.size());
      }
      buffer_.clear();
      if (buffer_.capacity() > kKeptBytes) buffer_.shrink_to_fit();
      has_news_.notify_all();
    });
  }

  void StartWrite(std::string_view message) {
    if (is_ended_) return EndWrite(asio::error::not_connected);
    deadline_timer_.expires_after(kWriteTimeout);
    deadline_timer_.async_wait([this](error_code error) {
      if (error) return;
      End(DeadlineExceededError("{}: the other side takes no data", url_));
    });
    socket_.async_write(asio::buffer(message.data(), message.size()),
                        [this](error_code error, size_t) {
                          if (!is_shutting_down_) deadline_timer_.cancel();
                          EndWrite(error);
                        });
  }

  void EndWrite(error_code error) {
    {
      const std::lock_guard lock(mutex_);
      is_written_ = true;
      write_error_ = error;
    }
    has_written_.notify_all();
  }

  void WaitToPing() {
    if (ping_interval_.count() == 0 || is_ended_) return;
    ping_timer_.expires_after(ping_interval_);
    ping_timer_.async_wait([this](error_code error) {
      if (error || is_ended_ || is_shutting_down_) return;
      const auto silence = Clock::now() - last_received_;
      // While nobody takes the last message we do not listen, so that silence means nothing.
      if (is_reading_ && silence >= 4 * ping_interval_) {
        return End(UnavailableError("{}: connection lost: nothing came for {} ms", url_,
                                    4 * ping_interval_.count()));
      }
      if (silence >= ping_interval_ / 2 && !is_pinging_) Ping();
      WaitToPing();
    });
  }

  void Ping() {
    is_pinging_ = true;
    socket_.async_ping({}, [this](error_code) { is_pinging_ = false; });
  }

  void StartClose() {
    if (is_ended_ || std::exchange(is_shutting_down_, true)) return;
    deadline_timer_.expires_after(kCloseTimeout);
    deadline_timer_.async_wait([this](error_code error) {
      if (!error) End(OkStatus());
    });
    socket_.async_close(websocket::close_code::normal, [this](error_code) { End(OkStatus()); });
  }

  // Lets every operation that is under way fail, and so the thread end.
  void End(const Status& status) {
    if (std::exchange(is_ended_, true)) return;
    {
      const std::lock_guard lock(mutex_);
      end_ = status;
    }
    has_news_.notify_all();
    error_code ignored;
    boost::beast::get_lowest_layer(socket_).close(ignored);
    ping_timer_.cancel();
    deadline_timer_.cancel();
    work_.reset();
  }

  static constexpr size_t kKeptBytes = 64u << 10;

  const std::string url_;
  const std::string subprotocol_;
  const std::chrono::milliseconds ping_interval_;

  std::mutex mutex_;
  std::condition_variable has_news_;
  std::condition_variable has_written_;
  // All guarded by mutex_.
  std::optional<std::string> message_;
  std::optional<Status> end_;  // OK: the other side has closed
  bool is_closing_ = false;    // Close() was called
  bool is_written_ = false;
  error_code write_error_;

  const Context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  // The thread's.
  websocket::stream<Stream> socket_;
  asio::steady_timer ping_timer_;
  asio::steady_timer deadline_timer_;
  boost::beast::flat_buffer buffer_;
  Clock::time_point last_received_;
  bool is_reading_ = false;
  bool is_pinging_ = false;
  bool is_shutting_down_ = false;
  bool is_ended_ = false;

  std::jthread thread_;
};

template <class Stream>
Result<std::unique_ptr<WebSocket>> Finish(const Context& context, Dial& dial,
                                          websocket::stream<Stream> socket,
                                          const WebSocketOptions& options) {
  ASSIGN_OR_RETURN(std::string subprotocol, dial.Upgrade(socket));
  return std::make_unique<BeastSocket<Stream>>(context, std::move(socket), std::move(subprotocol),
                                               options);
}

}  // namespace

Result<std::unique_ptr<WebSocket>> WebSocket::Connect(const WebSocketOptions& options) {
  ASSIGN_OR_RETURN(const Url url, ParseUrl(options.url));
  SslContextPtr tls;
  if (url.is_tls()) {
    ASSIGN_OR_RETURN(tls, MakeTlsContext(options.tls));
  }
  auto context = std::make_shared<asio::io_context>(1);
  Dial dial(*context, options, url);
  ASSIGN_OR_RETURN(TcpSocket socket, dial.Connect());
  if (tls == nullptr) {
    return Finish(context, dial, websocket::stream<TcpSocket>(std::move(socket)), options);
  }
  asio::ssl::context ssl_context(tls.release());
  TlsSocket tls_socket(std::move(socket), ssl_context);
  RETURN_IF_ERROR(dial.StartTls(tls_socket));
  return Finish(context, dial, websocket::stream<TlsSocket>(std::move(tls_socket)), options);
}

}  // namespace trainyard::net
