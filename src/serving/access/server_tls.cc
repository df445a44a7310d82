#include "serving/access/server_tls.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include "base/files.h"
#include "tensorflow/serving/server_config.pb.h"

namespace trainyard::serving {
namespace {

constexpr char kPemStart[] = "-----BEGIN ";

// Keeps the place of the first mistake; the text at that place may be a key.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& /*message*/) override {
    if (place_.empty()) place_ = fmt::format("line {}, column {}", line + 1, column + 1);
  }
  const std::string& place() const { return place_; }

 private:
  std::string place_;
};

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
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  ::tensorflow::serving::SSLConfig config;
  google::protobuf::TextFormat::Parser parser;
  FirstError error;
  parser.RecordErrorsTo(&error);
  if (!parser.ParseFromString(text, &config)) {
    return InvalidArgumentError(
        "Invalid protobuf file: '{}': no tensorflow.serving.SSLConfig at {}", path, error.place());
  }
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
