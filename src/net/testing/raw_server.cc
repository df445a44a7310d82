#include "net/testing/raw_server.h"

#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/status.h"

namespace trainyard::net {
namespace {

using TlsContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

BioPtr Reader(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free_all);
}

TlsContext MakeContext(const RawServer::Tls& tls) {
  TlsContext context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  X509* certificate =
      PEM_read_bio_X509(Reader(tls.certificate.cert_pem).get(), nullptr, nullptr, nullptr);
  EVP_PKEY* key =
      PEM_read_bio_PrivateKey(Reader(tls.certificate.key_pem).get(), nullptr, nullptr, nullptr);
  CHECK(SSL_CTX_use_certificate(context.get(), certificate) == 1);
  CHECK(SSL_CTX_use_PrivateKey(context.get(), key) == 1);
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (!tls.client_ca_pem.empty()) {
    X509* ca = PEM_read_bio_X509(Reader(tls.client_ca_pem).get(), nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ca);
    X509_free(ca);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

}  // namespace

long RawConnection::Read(char* data, size_t size) {
  return tls_ != nullptr ? SSL_read(tls_, data, static_cast<int>(size))
                         : recv(socket_, data, size, 0);
}

std::string RawConnection::ReadHead() {
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n") && Read(&byte, 1) == 1) head += byte;
  return head;
}

bool RawConnection::Write(std::string_view data) {
  while (!data.empty()) {
    const long sent = tls_ != nullptr ? SSL_write(tls_, data.data(), static_cast<int>(data.size()))
                                      : send(socket_, data.data(), data.size(), 0);
    if (sent <= 0) return false;
    data.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

void RawConnection::WaitForClose() {
  char ignored[4096];
  while (Read(ignored, sizeof ignored) > 0) {
  }
}

std::string RawConnection::client_name() const {
  X509* certificate = tls_ != nullptr ? SSL_get0_peer_certificate(tls_) : nullptr;
  if (certificate == nullptr) return "";
  char name[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  return name;
}

RawServer::RawServer(Script script) : script_(std::move(script)), tls_(nullptr, &SSL_CTX_free) {
  Listen();
}

RawServer::RawServer(Script script, const Tls& tls)
    : script_(std::move(script)), tls_(MakeContext(tls)) {
  Listen();
}

RawServer::~RawServer() {
  is_over_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
  }
  scripts_.clear();
  close(listener_);
}

std::string RawServer::url() const {
  return fmt::format("{}://127.0.0.1:{}", tls_ == nullptr ? "http" : "https", port_);
}

void RawServer::Listen() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  CHECK(bind(listener_, any, size) == 0 && listen(listener_, 64) == 0);
  CHECK(getsockname(listener_, any, &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this] { Accept(); });
}

void RawServer::Accept() {
  while (!is_over_) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    const int number = connections_++;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    scripts_.emplace_back([this, socket, number] { Serve(socket, number); });
  }
}

void RawServer::Serve(int socket, int number) {
  // A client that has gone must not end the test.
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);

  SSL* tls = nullptr;
  if (tls_ != nullptr) {
    tls = SSL_new(tls_.get());
    SSL_set_fd(tls, socket);
  }
  if (tls == nullptr || SSL_accept(tls) == 1) {
    RawConnection connection(socket, tls, number);
    script_(connection);
    if (tls != nullptr) SSL_shutdown(tls);
  }
  SSL_free(tls);
  const std::lock_guard lock(mutex_);
  sockets_.remove(socket);
  close(socket);
}

}  // namespace trainyard::net
