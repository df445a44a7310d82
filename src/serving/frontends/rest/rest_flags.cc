#include "serving/frontends/rest/rest_flags.h"

#include <limits>

#include <CLI/CLI.hpp>

namespace trainyard::serving {

void AddRestFlags(CLI::App* app, RestOptions* options) {
  constexpr int kMax = std::numeric_limits<int>::max();
  app->add_option("--rest_api_port", options->port,
                  "REST port; 0: no REST, -1: a free one, printed")
      ->check(CLI::Range(-1, 65535))
      ->capture_default_str();
  app->add_option("--rest_api_num_threads", options->num_threads,
                  "Threads that answer REST requests; 0: four per core")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  app->add_option("--rest_api_timeout_in_ms", options->timeout_ms,
                  "Longest time for one REST request; 0: no limit")
      ->check(CLI::Range(0, kMax))
      ->capture_default_str();
  app->add_flag("--rest_api_enable_cors_support{true}", options->enable_cors,
                "Let pages of other sites ask");
  app->add_option("--rest_api_max_body_bytes", options->max_body_bytes,
                  "Largest REST request, packed or unpacked")
      ->check(CLI::Range(int64_t{1}, int64_t{2} << 30))
      ->capture_default_str();
  app->add_option("--rest_api_max_connections", options->max_connections,
                  "More REST clients wait until one has gone")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app->add_option("--rest_api_idle_timeout_in_ms", options->idle_timeout_ms,
                  "For a request to come, an answer to go, and between requests")
      ->check(CLI::Range(1, kMax))
      ->capture_default_str();
  app->add_option("--rest_api_compress_from_bytes", options->compress_from_bytes,
                  "Smallest answer that is packed for clients that take gzip; 0: none is")
      ->check(CLI::Range(0, kMax))
      ->capture_default_str();
  app->add_option("--monitoring_config_file", options->monitoring_config_file,
                  "Where REST shows the metrics: a MonitoringConfig as text");
  app->add_option("--rest_api_tls_cert_file", options->cert_file,
                  "PEM file: the server's certificates; REST then speaks HTTPS");
  app->add_option("--rest_api_tls_key_file", options->key_file, "PEM file: the certificate's key");
  app->add_option("--rest_api_tls_client_ca_file", options->client_ca_file,
                  "PEM file: clients must show a certificate signed by one of these");
}

}  // namespace trainyard::serving
