#include "serving/access/server_tls.h"

#include "base/files.h"
#include "serving/text_proto.h"
#include "tensorflow/serving/server_config.pb.h"

namespace trainyard::serving {
namespace {

constexpr char kPemStart[] = "-----BEGIN ";

Status CheckPem(const std::string& pem, const std::string& what) {
  if (pem.find(kPemStart) != std::string::npos) return OkStatus();
  return InvalidArgumentError("{} is not PEM text (there is no \"{}\")", what, kPemStart);
}

Result<std::string> ReadPem(const std::string& path) {
  ASSIGN_OR_RETURN(std::string pem, ReadFile(path));
  RETURN_IF_ERROR(CheckPem(pem, path));
  return pem;
}

}  // namespace

Result<ServerTls> ReadSslConfig(const std::string& path) {
  ::tensorflow::serving::SSLConfig config;
  RETURN_IF_ERROR(ReadTextProto(path, &config));
  RETURN_IF_ERROR(CheckPem(config.server_key(), path + ": server_key"));
  RETURN_IF_ERROR(CheckPem(config.server_cert(), path + ": server_cert"));
  if (config.client_verify() || !config.custom_ca().empty()) {
    RETURN_IF_ERROR(CheckPem(config.custom_ca(), path + ": custom_ca"));
  }
  return ServerTls{.cert_pem = config.server_cert(),
                   .key_pem = config.server_key(),
                   .client_ca_pem = config.custom_ca(),
                   .verify_clients = config.client_verify()};
}

Result<ServerTls> ReadTlsFiles(const std::string& cert_file, const std::string& key_file,
                               const std::string& client_ca_file) {
  ServerTls tls;
  ASSIGN_OR_RETURN(tls.cert_pem, ReadPem(cert_file));
  ASSIGN_OR_RETURN(tls.key_pem, ReadPem(key_file));
  if (client_ca_file.empty()) return tls;
  ASSIGN_OR_RETURN(tls.client_ca_pem, ReadPem(client_ca_file));
  tls.verify_clients = true;
  return tls;
}

}  // namespace trainyard::serving
