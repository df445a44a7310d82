// A TCP or TLS server that does to its clients whatever a test wants: answers, silence, rubbish.
//
//   RawServer server([](RawConnection& connection) {
//     connection.ReadHead();
//     connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
//   });
//   client->Send({.url = server.url() + "/x"});
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "net/testing/certificates.h"

namespace trainyard::net {

// One client; closed when the script returns. Used by the script's thread only.
class RawConnection {
 public:
  RawConnection(int socket, SSL* tls, int number) : socket_(socket), tls_(tls), number_(number) {}

  // Up to the empty line that ends a request's head; less if the client has gone.
  std::string ReadHead();
  // Whether all could be written.
  bool Write(std::string_view data);
  // Returns when the client has closed, or the test is over.
  void WaitForClose();

  int socket() const { return socket_; }
  int number() const { return number_; }  // 0 for the first connection, and so on
  std::string client_name() const;        // the CN of the client's certificate; or empty

 private:
  long Read(char* data, size_t size);

  const int socket_;
  SSL* const tls_;
  const int number_;
};

class RawServer {
 public:
  using Script = std::function<void(RawConnection&)>;
  struct Tls {
    TestCertificate certificate{};
    std::string client_ca_pem{};  // empty: no certificate is asked for
  };

  // The script runs once per connection, each in a thread of its own.
  explicit RawServer(Script script);
  RawServer(Script script, const Tls& tls);
  // Cuts all connections and waits for the scripts.
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  int port() const { return port_; }
  std::string url() const;  // "http://127.0.0.1:1234", or https
  int connections() const { return connections_; }

 private:
  void Listen();
  void Accept();
  void Serve(int socket, int number);

  const Script script_;
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> tls_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> is_over_ = false;

  std::mutex mutex_;
  std::list<int> sockets_;  // open ones; guarded by mutex_
  std::list<std::jthread> scripts_;
  std::jthread acceptor_;
};

}  // namespace trainyard::net
