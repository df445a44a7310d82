#include "net/http_server.h"

#include <utility>

#include "net/internal/http_loop.h"

namespace trainyard::net {
namespace {

Result<SslContextPtr> MakeContext(const TlsServerOptions& options) {
  if (!options.is_on()) return SslContextPtr();
  return MakeTlsServerContext(options);
}

class EpollServer : public HttpServer {
 public:
  EpollServer(int port, bool has_tls, std::unique_ptr<HttpLoop> loop)
      : port_(port), has_tls_(has_tls), loop_(std::move(loop)) {}

  int port() const override { return port_; }

  Status ChangeTls(const TlsServerOptions& options) override {
    if (!has_tls_ || !options.is_on()) {
      return InvalidArgumentError("TLS cannot be turned on or off while a server runs");
    }
    ASSIGN_OR_RETURN(SslContextPtr context, MakeTlsServerContext(options));
    loop_->ChangeContext(std::move(context));
    return OkStatus();
  }

  void Drain(std::chrono::milliseconds grace) override { loop_->Drain(grace); }

 private:
  const int port_;
  const bool has_tls_;
  const std::unique_ptr<HttpLoop> loop_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                      HttpHandler handler) {
  ASSIGN_OR_RETURN(SslContextPtr context, MakeContext(options.tls));
  ASSIGN_OR_RETURN(const Listener listener, Listen(options.address));
  const bool has_tls = context != nullptr;
  auto loop = std::make_unique<HttpLoop>(listener, std::move(context), options, std::move(handler));
  RETURN_IF_ERROR(loop->Start());
  return std::make_unique<EpollServer>(listener.port, has_tls, std::move(loop));
}

}  // namespace trainyard::net
