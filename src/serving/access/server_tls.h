// What a server shows and asks of its clients in TLS: read from TensorFlow Serving's SSLConfig
// file, or from files of PEM text of their own.
//
// Plain values. Key material stays in memory and appears in no message.
#pragma once

#include <string>

#include "base/status.h"

namespace trainyard::serving {

struct ServerTls {
  std::string cert_pem{};       // the server's certificate chain
  std::string key_pem{};        // its key
  std::string client_ca_pem{};  // whom clients' certificates must come from
  bool verify_clients = false;  // clients must show one (mTLS)
};

// --ssl_config_file: an SSLConfig as text, with the PEM text in it. `Invalid protobuf file: 'F'`
// with the line if it is none; InvalidArgument if key or certificate is missing, or client_verify
// without custom_ca.
Result<ServerTls> ReadSslConfig(const std::string& path);

// The same from files of PEM text; without a `client_ca_file` clients are not asked.
Result<ServerTls> ReadTlsFiles(const std::string& cert_file, const std::string& key_file,
                               const std::string& client_ca_file);

}  // namespace trainyard::serving
