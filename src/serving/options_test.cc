#include "serving/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::serving {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Args = std::vector<std::string>;

TEST(CommandLineTest, TakesValuesWithAndWithoutEqualsSign) {
  const Args args = {"--model_name=digits",
                     "--model_base_path",
                     "/models",
                     "--port",
                     "0",
                     "--file_system_poll_wait_seconds=5",
                     "--enable_serialization_as_tensor_content"};
  const ServerOptions options = ParseCommandLine(args).value().options;
  EXPECT_EQ(options.model_name, "digits");
  EXPECT_EQ(options.model_base_path, "/models");
  EXPECT_EQ(options.port, 0);
  EXPECT_EQ(options.poll_seconds, 5);
  EXPECT_TRUE(options.answer_tensor_content);
}

TEST(CommandLineTest, TakesWhatConcernsModels) {
  const Args args = {"--model_config_file=/m.config",
                     "--model_config_file_poll_wait_seconds=60",
                     "--allow_version_labels_for_unavailable_models",
                     "--num_load_threads=2",
                     "--max_num_load_retries=0",
                     "--load_retry_interval_micros=1000000",
                     "--saved_model_tags=serve,gpu",
                     "--enable_model_warmup=false",
                     "--num_request_iterations_for_warmup=3",
                     "--num_unload_threads=2",
                     "--flush_filesystem_caches=false",
                     "--remove_unused_fields_from_bundle_metagraph"};
  const ServerOptions options = ParseCommandLine(args).value().options;
  EXPECT_EQ(options.model_config_file, "/m.config");
  EXPECT_EQ(options.model_config_poll_seconds, 60);
  EXPECT_TRUE(options.labels_for_absent_versions);
  EXPECT_EQ(options.load_threads, 2);
  EXPECT_EQ(options.max_load_retries, 0);
  EXPECT_EQ(options.load_retry_micros, 1'000'000);
  EXPECT_EQ(options.model_tags, (Args{"serve", "gpu"}));
  EXPECT_FALSE(options.warm_up);
  EXPECT_EQ(options.warm_up_iterations, 3);
}

TEST(CommandLineTest, HasTensorFlowServingsDefaultsOnTheLoopback) {
  const Args args = {"--model_base_path=/models"};
  const ServerOptions options = ParseCommandLine(args).value().options;
  EXPECT_EQ(options.host, "127.0.0.1");
  EXPECT_EQ(options.port, 8500);
  EXPECT_EQ(options.model_name, "default");
  EXPECT_EQ(options.poll_seconds, 1);
  EXPECT_FALSE(options.answer_tensor_content);
}

TEST(CommandLineTest, TakesTheFlagsOfGrpcLimitsAndLogs) {
  const ServerOptions options =
      ParseCommandLine(
          Args{"--model_base_path=/m", "--grpc_socket_path=/run/s",
               "--grpc_channel_arguments=grpc.max_connection_age_ms=2000", "--grpc_max_threads=7",
               "--grpc_compression=gzip", "--max_request_bytes=5000000000",
               "--max_concurrent_requests=64", "--max_request_seconds=30", "--auth_token_file=/t",
               "--access_log=stderr", "--access_log_share=0.01",
               "--enable_signature_method_name_check", "--enable_grpc_healthcheck_service=true"})
          .value()
          .options;
  EXPECT_EQ(options.grpc.socket_path, "/run/s");
  EXPECT_EQ(options.grpc.channel_arguments, "grpc.max_connection_age_ms=2000");
  EXPECT_EQ(options.grpc.max_threads, 7);
  EXPECT_EQ(options.grpc.compression, GrpcCompression::kGzip);
  EXPECT_EQ(options.grpc.max_request_bytes, 5'000'000'000);
  EXPECT_EQ(options.max_concurrent_requests, 64);
  EXPECT_EQ(options.max_request_time, std::chrono::seconds(30));
  EXPECT_EQ(options.auth_token_file, "/t");
  EXPECT_EQ(options.access_log, "stderr");
  EXPECT_EQ(options.access_log_share, 0.01);
  EXPECT_TRUE(options.check_method_names);
}

TEST(CommandLineTest, RefusesInOneLineThatNamesTheFlag) {
  const struct {
    Args args;
    std::string names;
  } cases[] = {
      {{"--model_base_path=/m", "--colour=red"}, "--colour"},
      {{"--model_base_path=/m", "--port=70000"}, "--port"},
      {{"--model_base_path=/m", "--port=x"}, "--port"},
      {{"--model_base_path=/m", "--port"}, "--port"},
      {{"--model_base_path=/m", "--file_system_poll_wait_seconds=-1"},
       "--file_system_poll_wait_seconds"},
      {{"--model_base_path=/m", "stray"}, "stray"},
      {{"--model_base_path=/m", "--max_request_seconds=-1"}, "--max_request_seconds"},
      {{"--model_base_path=/m", "--max_concurrent_requests=x"}, "--max_concurrent_requests"},
      {{"--model_base_path=/m", "--grpc_compression=zip"}, "--grpc_compression"},
      {{"--model_base_path=/m", "--grpc_channel_arguments=a"}, "--grpc_channel_arguments"},
      {{"--model_name=m"}, "--model_base_path"},
  };
  for (const auto& c : cases) {
    const auto line = ParseCommandLine(c.args);
    ASSERT_FALSE(line.ok()) << c.names;
    EXPECT_THAT(line.error().message(), HasSubstr(c.names));
    EXPECT_THAT(line.error().message(), Not(HasSubstr("\n")));
  }
}

TEST(CommandLineTest, HelpNamesEveryFlagAndGivesAnExample) {
  EXPECT_TRUE(ParseCommandLine(Args{"--help"}).value().help);
  for (const char* text : {"--host", "--port", "--model_name", "--model_base_path",
                           "--file_system_poll_wait_seconds", "--tensorflow_intra_op_parallelism",
                           "--tensorflow_inter_op_parallelism", "this machine only", "Example:"}) {
    EXPECT_THAT(HelpText(), HasSubstr(text));
  }
}

TEST(CommandLineTest, SessionParallelismSetsBothKindsOfThreads) {
  const auto with = [](const Args& more) {
    Args args = {"--model_base_path=/m", "--tensorflow_session_parallelism=3"};
    args.insert(args.end(), more.begin(), more.end());
    return ParseCommandLine(args);
  };
  EXPECT_EQ(with({}).value().options.intra_op_threads, 3);
  EXPECT_EQ(with({}).value().options.inter_op_threads, 3);
  EXPECT_FALSE(
      with({"--tensorflow_intra_op_parallelism=1", "--tensorflow_inter_op_parallelism=1"}).ok());
}

TEST(CommandLineTest, FlagsThatAskForNothingSpecialAreTaken) {
  const Result<CommandLine> line = ParseCommandLine(Args{
      "--model_base_path=/m", "--enable_profiler=true", "--per_process_gpu_memory_fraction=0.5",
      "--num_tflite_pools=4", "--xla_cpu_compilation_enabled=false", "--prefer_tflite_model=false",
      "--mixed_precision=bfloat16"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_TRUE(line->options.bfloat16);
}

TEST(CommandLineTest, WhatIsNotOfferedIsRefusedWithItsReason) {
  for (const char* flag : {"--platform_config_file=/p", "--tensorflow_session_config_file=/s",
                           "--thread_pool_factory_config_file=/t", "--prefer_tflite_model",
                           "--xla_cpu_compilation_enabled=true", "--use_alts_credentials"}) {
    const Result<CommandLine> line = ParseCommandLine(Args{"--model_base_path=/m", flag});
    ASSERT_FALSE(line.ok()) << flag;
    EXPECT_THAT(line.status().message(), HasSubstr("not offered: ")) << flag;
  }
  EXPECT_FALSE(ParseCommandLine(Args{"--model_base_path=/m", "--mixed_precision=float16"}).ok());
}

TEST(CommandLineTest, VersionNeedsNoModel) {
  EXPECT_TRUE(ParseCommandLine(Args{"--version"}).value().version);
}

}  // namespace
}  // namespace trainyard::serving
