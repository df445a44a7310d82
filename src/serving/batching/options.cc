#include "serving/batching/options.h"

#include <algorithm>

#include "serving/text_proto.h"
#include "tensorflow/serving/server_config.pb.h"

namespace trainyard::serving {
namespace {

using ::google::protobuf::Int64Value;

Status ReadPositive(bool is_set, const Int64Value& value, const char* name, int64_t* into) {
  if (!is_set) return OkStatus();
  if (value.value() < 1) {
    return InvalidArgumentError("{} must be at least 1; was {}", name, value.value());
  }
  *into = value.value();
  return OkStatus();
}

Status CheckSizes(const BatchingOptions& options) {
  if (options.max_execution_batch_size > options.max_batch_size) {
    return InvalidArgumentError("max_execution_batch_size is {}, more than max_batch_size, {}",
                                options.max_execution_batch_size, options.max_batch_size);
  }
  if (options.max_execution_batch_size > 0 && !options.enable_large_batch_splitting) {
    return InvalidArgumentError(
        "max_execution_batch_size is set without enable_large_batch_splitting");
  }
  const std::vector<int64_t>& sizes = options.allowed_batch_sizes;
  if (sizes.empty()) return OkStatus();
  if (sizes[0] < 1 || std::ranges::adjacent_find(sizes, std::greater_equal()) != sizes.end()) {
    return InvalidArgumentError(
        "allowed_batch_sizes entries must be positive and monotonically increasing");
  }
  if (sizes.back() != options.largest_batch()) {
    return InvalidArgumentError(
        "Last entry in allowed_batch_sizes must match max_batch_size; last entry was {}; "
        "expected {}",
        sizes.back(), options.largest_batch());
  }
  return OkStatus();
}

}  // namespace

int64_t BatchingOptions::largest_batch() const {
  return max_execution_batch_size > 0 ? max_execution_batch_size : max_batch_size;
}

int64_t BatchingOptions::largest_joined_batch() const {
  return std::min(max_joined_rows, largest_batch());
}

Result<BatchingOptions> ReadBatchingOptions(const std::string& path) {
  ::tensorflow::serving::BatchingParameters proto;
  RETURN_IF_ERROR(ReadTextProto(path, &proto));
  BatchingOptions options;
  int64_t timeout = 0;
  int64_t threads = 0;
  RETURN_IF_ERROR(ReadPositive(proto.has_max_batch_size(), proto.max_batch_size(), "max_batch_size",
                               &options.max_batch_size));
  RETURN_IF_ERROR(ReadPositive(proto.has_max_enqueued_batches(), proto.max_enqueued_batches(),
                               "max_enqueued_batches", &options.max_enqueued_batches));
  RETURN_IF_ERROR(ReadPositive(proto.has_num_batch_threads(), proto.num_batch_threads(),
                               "num_batch_threads", &threads));
  RETURN_IF_ERROR(ReadPositive(proto.has_max_execution_batch_size(),
                               proto.max_execution_batch_size(), "max_execution_batch_size",
                               &options.max_execution_batch_size));
  timeout = proto.batch_timeout_micros().value();
  if (timeout < 0) {
    return InvalidArgumentError("batch_timeout_micros must be at least 0; was {}", timeout);
  }
  constexpr int64_t kMostThreads = 4096;
  if (threads > kMostThreads) {
    return InvalidArgumentError("num_batch_threads must be at most {}; was {}", kMostThreads,
                                threads);
  }
  options.batch_timeout = std::chrono::microseconds(timeout);
  options.num_batch_threads = static_cast<int>(threads);
  if (proto.has_thread_pool_name()) options.thread_pool_name = proto.thread_pool_name().value();
  options.allowed_batch_sizes.assign(proto.allowed_batch_sizes().begin(),
                                     proto.allowed_batch_sizes().end());
  options.pad_variable_length_inputs = proto.pad_variable_length_inputs();
  options.enable_large_batch_splitting = proto.enable_large_batch_splitting().value();
  RETURN_IF_ERROR(CheckSizes(options));
  if (proto.has_max_batch_size() || !options.allowed_batch_sizes.empty()) {
    options.max_joined_rows = options.largest_batch();
  }
  return options;
}

int64_t FilledSize(const BatchingOptions& options, int64_t rows) {
  const auto next = std::ranges::lower_bound(options.allowed_batch_sizes, rows);
  return next == options.allowed_batch_sizes.end() ? rows : *next;
}

}  // namespace trainyard::serving
