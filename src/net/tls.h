// What TLS clients and servers believe and show. Plain values; key material stays in memory.
#pragma once

#include <string>

namespace trainyard::net {

struct TlsOptions {
  std::string ca_pem{};    // certificates to trust; empty: those of the machine
  std::string cert_pem{};  // the client's certificate chain; empty: none is shown
  std::string key_pem{};
  std::string
      server_name{};  // the name expected in the server's certificate; empty: the URL's host
  bool insecure_skip_verify = false;

  friend bool operator==(const TlsOptions&, const TlsOptions&) = default;
};

struct TlsServerOptions {
  std::string cert_pem{};  // the server's certificate chain; empty: no TLS
  std::string key_pem{};
  // If not empty, clients must show a certificate that one of these has signed.
  std::string client_ca_pem{};

  bool is_on() const { return !cert_pem.empty() || !key_pem.empty(); }
  friend bool operator==(const TlsServerOptions&, const TlsServerOptions&) = default;
};

}  // namespace trainyard::net
