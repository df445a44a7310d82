// OpenSSL contexts made of our options: all from memory, nothing read from files but the machine's
// own certificates.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "base/status.h"
#include "net/tls.h"

namespace trainyard::net {

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContextPtr = std::unique_ptr<SSL_CTX, SslContextDeleter>;

// InvalidArgument for PEM text that is none, a key that does not fit its certificate, or one of the
// two without the other. Messages never hold key material.
Result<SslContextPtr> MakeTlsContext(const TlsOptions& options);

// For servers: TLS 1.2 or newer, http/1.1 by ALPN. InvalidArgument as above.
Result<SslContextPtr> MakeTlsServerContext(const TlsServerOptions& options);

// The text of the oldest error that OpenSSL has noted in this thread; forgets the others.
std::string TakeOpenSslError();

}  // namespace trainyard::net
