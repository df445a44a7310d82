#include "serving/upstream_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace trainyard::serving {
namespace {

constexpr const char* kHidden = "";  // a group without a name is not shown

struct Refused {
  const char* flag;
  const char* why;
};

// Asked for by any value.
constexpr Refused kRefusedValues[] = {
    {"--platform_config_file", "there is one platform, tensorflow, and flags configure it"},
    {"--tensorflow_session_config_file",
     "--tensorflow_intra_op_parallelism, --tensorflow_inter_op_parallelism and --mixed_precision "
     "are what may be set"},
    {"--thread_pool_factory_config_file", "it names code that only a build of its own has"},
};

// Asked for by true.
constexpr Refused kRefusedSwitches[] = {
    {"--prefer_tflite_model", "TensorFlow Lite models are not served"},
    {"--xla_cpu_compilation_enabled", "models are not compiled by XLA here"},
    {"--xla_gpu_compilation_enabled", "models run on processors, not on GPUs"},
    {"--use_alts_credentials", "ALTS exists on Google's cloud only; see --ssl_config_file"},
};

}  // namespace

void AddUpstreamFlags(CLI::App* app, IgnoredFlags* ignored) {
  // A default that holds here, or tuning of what is not here.
  for (const char* flag :
       {"--flush_filesystem_caches", "--enable_profiler", "--skip_initialize_tpu",
        "--remove_unused_fields_from_bundle_metagraph", "--enable_grpc_healthcheck_service"}) {
    app->add_flag(fmt::format("{}{{true}}", flag), ignored->boolean)->group(kHidden);
  }
  for (const char* flag : {"--num_unload_threads", "--per_process_gpu_memory_fraction",
                           "--num_tflite_pools", "--num_tflite_interpreters_per_pool"}) {
    app->add_option(flag, ignored->number)->group(kHidden);
  }
  for (const Refused& refused : kRefusedValues) {
    app->add_option_function<std::string>(
           refused.flag,
           [refused](const std::string& /*value*/) {
             throw CLI::ValidationError(refused.flag, fmt::format("not offered: {}", refused.why));
           })
        ->group(kHidden);
  }
  for (const Refused& refused : kRefusedSwitches) {
    app->add_flag_function(fmt::format("{}{{true}}", refused.flag),
                           [refused](int64_t is_on) {
                             if (is_on <= 0) return;
                             throw CLI::ValidationError(
                                 refused.flag, fmt::format("not offered: {}", refused.why));
                           })
        ->group(kHidden);
  }
}

}  // namespace trainyard::serving
