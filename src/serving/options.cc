#include "serving/options.h"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include <CLI/CLI.hpp>

#include "serving/frontends/grpc/channel_arguments.h"
#include "serving/frontends/rest/rest_flags.h"
#include "serving/upstream_flags.h"

namespace trainyard::serving {
namespace {

constexpr char kDescription[] =
    "Serves SavedModels over gRPC and REST, with the interface of TensorFlow Serving.\n"
    "Watches directories of numbered versions and changes to newer ones without a pause.";

constexpr char kExample[] =
    "Example:\n"
    "  trainyard-serve --model_name=digits --model_base_path=out/digits/export --port=8500 "
    "--rest_api_port=8501\n\n"
    "Listens on this machine only unless --host says otherwise (--host=0.0.0.0: every IPv4\n"
    "address). Ends on SIGTERM or Ctrl-C after the requests under way; SIGHUP reads the\n"
    "configuration again.";

void AddGrpcFlags(CLI::App* app, GrpcOptions* grpc) {
  constexpr int kMaxThreads = 100'000;
  app->add_option("--grpc_socket_path", grpc->socket_path,
                  "Listen on this unix socket, too; with --port=0: only there");
  app->add_option("--grpc_channel_arguments", grpc->channel_arguments,
                  "Settings of gRPC's own, name=value,name=value");
  app->add_option("--grpc_max_threads", grpc->max_threads,
                  "Threads of gRPC's own; more requests are refused; 0: no limit")
      ->check(CLI::Range(0, kMaxThreads))
      ->capture_default_str();
  app->add_option("--grpc_compression", grpc->compression, "Of answers: none, deflate or gzip")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, GrpcCompression>{{"none", GrpcCompression::kNone},
                                                 {"deflate", GrpcCompression::kDeflate},
                                                 {"gzip", GrpcCompression::kGzip}},
          CLI::ignore_case));
  app->add_option("--max_request_bytes", grpc->max_request_bytes,
                  "Larger gRPC messages are refused; 0: 2 GB")
      ->check(CLI::Range(int64_t{0}, std::numeric_limits<int64_t>::max()))
      ->capture_default_str();
  app->add_option("--ssl_config_file", grpc->ssl_config_file,
                  "TLS for gRPC: an SSLConfig as text, with the PEM text in it");
  app->add_option("--grpc_tls_cert_file", grpc->tls_cert_file,
                  "TLS for gRPC: the certificate chain, PEM; read again when it changes");
  app->add_option("--grpc_tls_key_file", grpc->tls_key_file, "Its key, PEM");
  app->add_option("--grpc_tls_client_ca_file", grpc->tls_client_ca_file,
                  "Clients must show a certificate of these authorities, PEM");
}

void AddFlags(CLI::App* app, CommandLine* line) {
  constexpr int kMax = std::numeric_limits<int>::max();
  constexpr int kMaxSeconds = 1'000'000;
  constexpr int64_t kMaxMicros = int64_t{kMaxSeconds} * 1'000'000;
  ServerOptions& options = line->options;
  app->set_help_flag();  // ours is a plain flag, so that parsing has one way out
  app->add_flag("-h,--help", line->help, "Print this text");
  app->add_flag("--version", line->version, "Print the version of TensorFlow inside");
  app->add_option("--host", options.host, "Address to listen on")->capture_default_str();
  app->add_option("--port", options.port, "gRPC port; 0 takes a free one and prints it")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app->add_option("--model_name", options.model_name, "Name that requests ask for")
      ->capture_default_str();
  app->add_option("--model_base_path", options.model_base_path,
                  "Directory that holds the numbered versions");
  app->add_option("--model_config_file", options.model_config_file,
                  "File that names the models, in place of the two flags above; read again on "
                  "SIGHUP");
  app->add_option("--model_config_file_poll_wait_seconds", options.model_config_poll_seconds,
                  "How often to look whether that file has changed; 0: on SIGHUP only")
      ->check(CLI::Range(0, kMax))
      ->capture_default_str();
  app->add_flag("--allow_version_labels_for_unavailable_models{true}",
                options.labels_for_absent_versions,
                "Let a reload give labels to versions that are not there");
  app->add_option("--file_system_poll_wait_seconds", options.poll_seconds,
                  "How often to look for a newer version; 0: once, at the start")
      ->check(CLI::Range(0, kMax))
      ->capture_default_str();
  app->add_option("--num_load_threads", options.load_threads,
                  "Versions loaded at the same time, of all models; 0: four per processor")
      ->check(CLI::Range(0, kMax))
      ->capture_default_str();
  app->add_option("--max_num_load_retries", options.max_load_retries,
                  "How often a version that failed is tried again at growing intervals, then "
                  "hourly; 0: when its files change")
      ->check(CLI::Range(0, kMax))
      ->capture_default_str();
  app->add_option("--load_retry_interval_micros", options.load_retry_micros,
                  "The first of those intervals")
      ->check(CLI::Range(int64_t{0}, kMaxMicros))
      ->capture_default_str();
  app->add_option("--saved_model_tags", options.model_tags,
                  "Tags of the graph to load from each SavedModel, with commas between them")
      ->delimiter(',')
      ->capture_default_str();
  app->add_flag("--enable_model_warmup{true}", options.warm_up,
                "Run the requests in assets.extra/tf_serving_warmup_requests before a version "
                "answers");
  app->add_option("--num_request_iterations_for_warmup", line->warm_up_iterations,
                  "How often each of them is run; 0: once")
      ->check(CLI::Range(0, kMax))
      ->capture_default_str();
  app->add_flag("--enable_batching{true}", options.enable_batching,
                "Run requests together that come while others run");
  app->add_option("--batching_parameters_file", options.batching_parameters_file,
                  "How: BatchingParameters as text");
  app->add_flag("--enable_per_model_batching_parameters{true}",
                options.per_model_batching_parameters,
                "Use a version's own batching_params.pbtxt where it has one");
  app->add_option(
         "--mixed_precision", line->mixed_precision,
         "\"bfloat16\": convolutions and products in it, quicker where the processor has it")
      ->check(CLI::IsMember({"", "bfloat16"}));
  app->add_option("--tensorflow_session_parallelism", line->session_threads,
                  "Sets both of the next two; 0: neither")
      ->check(CLI::Range(0, kMax))
      ->capture_default_str();
  app->add_option("--tensorflow_intra_op_parallelism", options.intra_op_threads,
                  "Threads inside one operation; 0: one, as requests run side by side")
      ->check(CLI::Range(0, kMax))
      ->capture_default_str();
  app->add_option("--tensorflow_inter_op_parallelism", options.inter_op_threads,
                  "Threads for operations of one request; 0: the request's own")
      ->check(CLI::Range(0, kMax))
      ->capture_default_str();
  app->add_flag("--enable_serialization_as_tensor_content{true}", options.answer_tensor_content,
                "Answer with raw bytes instead of typed values: quicker for large tensors");
  AddGrpcFlags(app, &options.grpc);
  AddRestFlags(app, &options.rest);
  app->add_flag("--enable_signature_method_name_check{true}", options.check_method_names,
                "Refuse a signature whose method_name is not that of the call");
  app->add_option("--max_concurrent_requests", options.max_concurrent_requests,
                  "More requests at the same time are refused; 0: no limit")
      ->check(CLI::Range(0, kMax))
      ->capture_default_str();
  app->add_option_function<int>(
         "--max_request_seconds",
         [&options](int seconds) { options.max_request_time = std::chrono::seconds(seconds); },
         "Longest time for one request, whatever its client allows; 0: no limit")
      ->check(CLI::Range(0, kMaxSeconds));
  app->add_option("--auth_token_file", options.auth_token_file,
                  "Tokens, one per line; requests must bring one as \"authorization: Bearer ...\"");
  app->add_option("--access_log", options.access_log,
                  "One line of JSON per request: to this file, or to \"stderr\"");
  app->add_option("--access_log_share", options.access_log_share,
                  "Which part of the successful requests to log, above 0 to 1")
      ->capture_default_str();
}

}  // namespace

Result<CommandLine> ParseCommandLine(std::span<const std::string> args) {
  CommandLine line;
  CLI::App app(kDescription);
  AddFlags(&app, &line);
  IgnoredFlags ignored;
  AddUpstreamFlags(&app, &ignored);
  std::vector<std::string> reversed(args.rbegin(), args.rend());  // CLI11's order
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    std::string text = error.what();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return InvalidArgumentError("{}; see --help", text);
  }
  const auto arguments = ParseChannelArguments(line.options.grpc.channel_arguments);
  if (!arguments.ok()) return arguments.status().WithContext("--grpc_channel_arguments");
  if (!line.help && !line.version && line.options.model_base_path.empty() &&
      line.options.model_config_file.empty()) {
    return InvalidArgumentError(
        "--model_base_path is missing: the directory that holds the numbered versions (or "
        "--model_config_file, for several models); see --help");
  }
  if (!line.options.batching_parameters_file.empty() && !line.options.enable_batching) {
    return InvalidArgumentError(
        "server_options.batching_parameters_file is set without setting "
        "server_options.enable_batching to true.");
  }
  if (line.options.model_name.empty()) return InvalidArgumentError("--model_name is empty");
  if (line.session_threads > 0) {
    if (line.options.intra_op_threads > 0 && line.options.inter_op_threads > 0) {
      return InvalidArgumentError(
          "--tensorflow_session_parallelism sets both --tensorflow_intra_op_parallelism and "
          "--tensorflow_inter_op_parallelism; all three are set");
    }
    line.options.intra_op_threads = line.session_threads;
    line.options.inter_op_threads = line.session_threads;
  }
  line.options.bfloat16 = !line.mixed_precision.empty();
  line.options.warm_up_iterations = std::max(1, line.warm_up_iterations);
  return line;
}

std::string HelpText() {
  CommandLine unused;
  CLI::App app(kDescription, "trainyard-serve");
  AddFlags(&app, &unused);
  app.footer(kExample);
  return app.help();
}

}  // namespace trainyard::serving
