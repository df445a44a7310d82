#include "serving/batching/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"

namespace trainyard::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<BatchingOptions> Read(const std::string& text) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "batching.config");
  EXPECT_TRUE(WriteFileAtomically(path, text).ok());
  return ReadBatchingOptions(path);
}

TEST(BatchingOptionsTest, NothingSaidIsUpstreamsDefaults) {
  const BatchingOptions options = Read("").value();
  EXPECT_EQ(options.max_batch_size, 1000);
  EXPECT_EQ(options.batch_timeout.count(), 0);
  EXPECT_EQ(options.max_enqueued_batches, 10);
  EXPECT_EQ(options.num_batch_threads, 0);
  EXPECT_EQ(options.largest_batch(), 1000);
  EXPECT_EQ(options.largest_joined_batch(), 64);
}

TEST(BatchingOptionsTest, EveryFieldIsRead) {
  const BatchingOptions options = Read(R"(
      max_batch_size { value: 128 }  # rows
      batch_timeout_micros { value: 500 }
      max_enqueued_batches { value: 7 }
      num_batch_threads { value: 3 }
      thread_pool_name { value: "pool" }
      allowed_batch_sizes: 8
      allowed_batch_sizes: 32
      pad_variable_length_inputs: true
      enable_large_batch_splitting { value: true }
      max_execution_batch_size { value: 32 })")
                                      .value();
  EXPECT_EQ(options.max_batch_size, 128);
  EXPECT_EQ(options.batch_timeout.count(), 500);
  EXPECT_EQ(options.max_enqueued_batches, 7);
  EXPECT_EQ(options.num_batch_threads, 3);
  EXPECT_EQ(options.thread_pool_name, "pool");
  EXPECT_THAT(options.allowed_batch_sizes, ElementsAre(8, 32));
  EXPECT_TRUE(options.pad_variable_length_inputs);
  EXPECT_TRUE(options.enable_large_batch_splitting);
  EXPECT_EQ(options.largest_batch(), 32);
  EXPECT_EQ(options.largest_joined_batch(), 32);
}

TEST(BatchingOptionsTest, WhatDoesNotFitIsOneLine) {
  const struct {
    const char* text;
    const char* says;
  } kCases[] = {
      {"max_batch_size: 3", "1:17: this is no tensorflow.serving.BatchingParameters"},
      {"unknown { value: 3 }", "Invalid protobuf file: '"},
      {"max_batch_size { value: 0 }", "max_batch_size must be at least 1; was 0"},
      {"batch_timeout_micros { value: -1 }", "batch_timeout_micros must be at least 0; was -1"},
      {"num_batch_threads { value: 100000 }", "num_batch_threads must be at most 4096"},
      {"max_batch_size { value: 16 } allowed_batch_sizes: 4 allowed_batch_sizes: 8",
       "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 8; expected "
       "16"},
      {"max_batch_size { value: 8 } allowed_batch_sizes: 8 allowed_batch_sizes: 8",
       "monotonically increasing"},
      {"max_execution_batch_size { value: 8 }", "without enable_large_batch_splitting"},
      {"max_batch_size { value: 8 } enable_large_batch_splitting { value: true } "
       "max_execution_batch_size { value: 9 }",
       "more than max_batch_size, 8"},
  };
  for (const auto& each : kCases) {
    const Result<BatchingOptions> options = Read(each.text);
    ASSERT_FALSE(options.ok()) << each.text;
    EXPECT_EQ(options.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(options.status().message(), HasSubstr(each.says));
  }
}

TEST(BatchingOptionsTest, RowsAreFilledUpToTheNextAllowedSize) {
  BatchingOptions options;
  EXPECT_EQ(FilledSize(options, 3), 3);
  options.allowed_batch_sizes = {1, 4, 1000};
  EXPECT_EQ(FilledSize(options, 1), 1);
  EXPECT_EQ(FilledSize(options, 2), 4);
  EXPECT_EQ(FilledSize(options, 4), 4);
  EXPECT_EQ(FilledSize(options, 5), 1000);
}

}  // namespace
}  // namespace trainyard::serving
