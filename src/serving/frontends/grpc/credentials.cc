#include "serving/frontends/grpc/credentials.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "serving/access/server_tls.h"

namespace trainyard::serving {
namespace {

using Credentials = std::shared_ptr<grpc::ServerCredentials>;

// How often files are looked at for a new certificate.
constexpr unsigned kRefreshSeconds = 5;

constexpr grpc_ssl_client_certificate_request_type ClientRequest(bool verify_clients) {
  return verify_clients ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                        : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
}

Credentials FromMemory(const ServerTls& tls) {
  grpc::SslServerCredentialsOptions options(ClientRequest(tls.verify_clients));
  options.pem_key_cert_pairs.push_back({tls.key_pem, tls.cert_pem});
  options.pem_root_certs = tls.client_ca_pem;
  return grpc::SslServerCredentials(options);
}

Credentials FromFiles(const GrpcOptions& files) {
  namespace tls = grpc::experimental;
  const bool verify_clients = !files.tls_client_ca_file.empty();
  tls::TlsServerCredentialsOptions options(std::make_shared<tls::FileWatcherCertificateProvider>(
      files.tls_key_file, files.tls_cert_file, files.tls_client_ca_file, kRefreshSeconds));
  options.watch_identity_key_cert_pairs();
  if (verify_clients) options.watch_root_certs();
  options.set_cert_request_type(ClientRequest(verify_clients));
  return tls::TlsServerCredentials(options);
}

}  // namespace

Result<Credentials> MakeServerCredentials(const GrpcOptions& options) {
  const bool has_files = !options.tls_cert_file.empty() || !options.tls_key_file.empty();
  if (!options.ssl_config_file.empty()) {
    if (has_files || !options.tls_client_ca_file.empty()) {
      return InvalidArgumentError(
          "--ssl_config_file and --grpc_tls_..._file are two ways to say the same: give one");
    }
    ASSIGN_OR_RETURN(const ServerTls tls, ReadSslConfig(options.ssl_config_file));
    return FromMemory(tls);
  }
  if (!has_files && options.tls_client_ca_file.empty()) return grpc::InsecureServerCredentials();
  if (options.tls_cert_file.empty() || options.tls_key_file.empty()) {
    return InvalidArgumentError("TLS needs both --grpc_tls_cert_file and --grpc_tls_key_file");
  }
  const Result<ServerTls> readable =
      ReadTlsFiles(options.tls_cert_file, options.tls_key_file, options.tls_client_ca_file);
  if (!readable.ok()) return readable.status();
  return FromFiles(options);
}

}  // namespace trainyard::serving
