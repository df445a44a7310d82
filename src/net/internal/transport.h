// The bytes of one accepted connection, plain or through TLS, without ever waiting.
//
// Owned by a connection; thread-compatible.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string_view>

namespace trainyard::net {

// Closes a file descriptor.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

class Transport {
 public:
  // What came of an attempt: bytes, or what has to happen before the next one.
  struct Outcome {
    enum class Kind { kDone, kWantsRead, kWantsWrite, kClosed } kind = Kind::kDone;
    size_t bytes = 0;
  };

  virtual ~Transport() = default;
  virtual Outcome Read(char* data, size_t size) = 0;
  // Whether bytes have come from the socket that Read() has not given yet: none will announce them.
  virtual bool has_read_ahead() const = 0;
  // Some of `first`, and if that was all, of `second`.
  virtual Outcome Write(std::string_view first, std::string_view second) = 0;
  // Says that nothing more will be written.
  virtual void FinishWriting() = 0;
};

// `context` is null for plain bytes. The descriptor must not block and outlive the transport.
std::unique_ptr<Transport> MakeTransport(int fd, SSL_CTX* context);

}  // namespace trainyard::net
