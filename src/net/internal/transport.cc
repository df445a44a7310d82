#include "net/internal/transport.h"

#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace trainyard::net {
namespace {

using Kind = Transport::Outcome::Kind;

class PlainTransport : public Transport {
 public:
  explicit PlainTransport(int fd) : fd_(fd) {}

  Outcome Read(char* data, size_t size) override {
    while (true) {
      const ssize_t got = recv(fd_, data, size, 0);
      if (got > 0) return {Kind::kDone, static_cast<size_t>(got)};
      if (got == 0) return {Kind::kClosed};
      if (errno == EINTR) continue;
      return {errno == EAGAIN ? Kind::kWantsRead : Kind::kClosed};
    }
  }

  bool has_read_ahead() const override { return false; }

  Outcome Write(std::string_view first, std::string_view second) override {
    iovec parts[2] = {{const_cast<char*>(first.data()), first.size()},
                      {const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = second.empty() ? 1 : 2;
    while (true) {
      const ssize_t sent = sendmsg(fd_, &message, MSG_NOSIGNAL);
      if (sent >= 0) return {Kind::kDone, static_cast<size_t>(sent)};
      if (errno == EINTR) continue;
      return {errno == EAGAIN ? Kind::kWantsWrite : Kind::kClosed};
    }
  }

  void FinishWriting() override { shutdown(fd_, SHUT_WR); }

 private:
  const int fd_;
};

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

class TlsTransport : public Transport {
 public:
  TlsTransport(int fd, SSL_CTX* context) : fd_(fd), ssl_(SSL_new(context)) {
    if (ssl_ == nullptr) return;
    SSL_set_fd(ssl_.get(), fd);
    SSL_set_accept_state(ssl_.get());
  }

  Outcome Read(char* data, size_t size) override {
    if (ssl_ == nullptr) return {Kind::kClosed};
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), data, Clamp(size));
    return got > 0 ? Outcome{Kind::kDone, static_cast<size_t>(got)} : Explain(got);
  }

  bool has_read_ahead() const override {
    return ssl_ != nullptr && SSL_has_pending(ssl_.get()) == 1;
  }

  Outcome Write(std::string_view first, std::string_view second) override {
    const std::string_view part = first.empty() ? second : first;
    if (part.empty()) return {};
    if (ssl_ == nullptr) return {Kind::kClosed};
    ERR_clear_error();
    const int sent = SSL_write(ssl_.get(), part.data(), Clamp(part.size()));
    return sent > 0 ? Outcome{Kind::kDone, static_cast<size_t>(sent)} : Explain(sent);
  }

  void FinishWriting() override {
    if (ssl_ != nullptr && SSL_is_init_finished(ssl_.get())) {
      ERR_clear_error();
      SSL_shutdown(ssl_.get());
    }
    shutdown(fd_, SHUT_WR);
  }

 private:
  static int Clamp(size_t size) {
    return static_cast<int>(std::min<size_t>(size, std::numeric_limits<int>::max()));
  }

  Outcome Explain(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return {Kind::kWantsRead};
      case SSL_ERROR_WANT_WRITE:
        return {Kind::kWantsWrite};
      default:
        return {Kind::kClosed};
    }
  }

  const int fd_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
};

}  // namespace

Socket::~Socket() { close(fd_); }

std::unique_ptr<Transport> MakeTransport(int fd, SSL_CTX* context) {
  if (context == nullptr) return std::make_unique<PlainTransport>(fd);
  return std::make_unique<TlsTransport>(fd, context);
}

}  // namespace trainyard::net
