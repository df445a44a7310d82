#include "cli/predict_client.h"

#include <fmt/ranges.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <limits>
#include <set>

#include "tensorflow/serving/prediction_service.grpc.pb.h"

namespace trainyard::cli {
namespace {

namespace api = ::tensorflow::serving;

constexpr char kSignatureField[] = "signature_def";

// Text from the other side, made fit for one line of a terminal.
std::string OneLine(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }, ' ');
  return text;
}

// The cause at the end of gRPC's account of its attempts: "...: Connection refused".
std::string LastCause(const std::string& text) {
  const size_t colon = text.rfind(": ");
  return colon == std::string::npos ? text : text.substr(colon + 2);
}

std::string Describe(const api::ModelSpec& spec) {
  if (!spec.has_version()) return fmt::format("model \"{}\"", spec.name());
  return fmt::format("model \"{}\" version {}", spec.name(), spec.version().value());
}

}  // namespace

struct PredictClient::Connection {
  std::string server;  // "host:port"
  int port = 0;
  std::chrono::milliseconds timeout{};
  std::chrono::system_clock::time_point deadline;
  std::unique_ptr<api::PredictionService::Stub> stub;

  Status Explain(const grpc::Status& failure, const api::ModelSpec& spec) const;
};

PredictClient::PredictClient(const Options& options) : connection_(new Connection) {
  // Failures come back to us as statuses; gRPC's own lines would only stand between ours.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  const bool is_ipv6 =
      options.host.find(':') != std::string::npos && !options.host.starts_with('[');
  connection_->server =
      fmt::format("{}{}{}:{}", is_ipv6 ? "[" : "", options.host, is_ipv6 ? "]" : "", options.port);
  // gRPC asks name servers even for "localhost" where there is no /etc/hosts, as in bare
  // containers.
  const std::string target =
      options.host == "localhost" ? fmt::format("127.0.0.1:{}", options.port) : connection_->server;
  connection_->port = options.port;
  connection_->timeout = options.timeout;
  connection_->deadline = std::chrono::system_clock::now() + options.timeout;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(std::numeric_limits<int>::max());
  // A proxy for the web knows nothing of the servers this is for.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  connection_->stub = api::PredictionService::NewStub(
      grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments));
}

PredictClient::~PredictClient() = default;

Status PredictClient::Connection::Explain(const grpc::Status& failure,
                                          const api::ModelSpec& spec) const {
  const std::string text = OneLine(failure.error_message());
  switch (failure.error_code()) {
    case grpc::UNAVAILABLE:
      return UnavailableError(
          "cannot reach a model server at {}: {}; start one with 'trainyard serve "
          "--model_name={} --model_base_path=DIR --port={}', or give --host and --port",
          server, LastCause(text), spec.name(), port);
    case grpc::DEADLINE_EXCEEDED:
      return DeadlineExceededError(
          "the model server at {} has not answered within {:g} s; see whether it is well, or give "
          "a longer --timeout",
          server, std::chrono::duration<double>(timeout).count());
    case grpc::NOT_FOUND:
      return NotFoundError("{} does not serve {} ({}); check --model and --version", server,
                           Describe(spec), text);
    case grpc::UNIMPLEMENTED:
      return UnimplementedError(
          "{} answers, but not as a model server ({}); check --port: it must be the gRPC port",
          server, text.empty() ? "unknown method" : text);
    default:
      return Status(static_cast<StatusCode>(failure.error_code()),
                    fmt::format("{} at {} refuses the request: {}", Describe(spec), server, text));
  }
}

Result<::tensorflow::SignatureDef> PredictClient::GetSignature(const api::ModelSpec& spec) {
  api::GetModelMetadataRequest request;
  *request.mutable_model_spec() = spec;
  request.add_metadata_field(kSignatureField);
  api::GetModelMetadataResponse response;
  grpc::ClientContext context;
  context.set_deadline(connection_->deadline);
  const grpc::Status status = connection_->stub->GetModelMetadata(&context, request, &response);
  if (!status.ok()) return connection_->Explain(status, spec);
  api::SignatureDefMap map;
  const auto packed = response.metadata().find(kSignatureField);
  if (packed == response.metadata().end() || !packed->second.UnpackTo(&map)) {
    return DataLossError("{} sent no signatures for {}", connection_->server, Describe(spec));
  }
  const auto found = map.signature_def().find(spec.signature_name());
  if (found != map.signature_def().end()) return found->second;
  std::set<std::string> names;
  for (const auto& [name, signature] : map.signature_def()) names.insert(OneLine(name));
  return NotFoundError("{} has no signature \"{}\"; give --signature_name, one of: {}",
                       Describe(spec), spec.signature_name(), fmt::join(names, ", "));
}

Result<api::PredictResponse> PredictClient::Predict(const api::PredictRequest& request) {
  api::PredictResponse response;
  grpc::ClientContext context;
  context.set_deadline(connection_->deadline);
  const grpc::Status status = connection_->stub->Predict(&context, request, &response);
  if (!status.ok()) return connection_->Explain(status, request.model_spec());
  return response;
}

}  // namespace trainyard::cli
