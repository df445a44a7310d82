// What a TLS client believes and shows. Plain values; key material stays in memory.
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

}  // namespace trainyard::net
