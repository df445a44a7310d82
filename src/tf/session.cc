#include "tf/session.h"

#include "base/wire.h"
#include "tf/internal/handles.h"

namespace trainyard::tf {

using internal::CallStatus;

namespace {

// Fields of RunOptions in tensorflow/core/protobuf/config.proto.
constexpr int kTraceLevel = 1;
constexpr int kTimeoutInMs = 2;
constexpr int kInterOpThreadPool = 3;

internal::BufferPtr ToBuffer(const WireWriter& options) {
  return internal::BufferPtr(TF_NewBufferFromString(options.str().data(), options.str().size()));
}

// Asks for the caller's thread where the session has a pool as well.
WireWriter& AddCallerThread(WireWriter* options) {
  return options->Varint(kInterOpThreadPool, static_cast<uint64_t>(int64_t{-1}));
}

}  // namespace

std::string EncodeConfig(const SessionConfig& config) {
  // Field numbers: tensorflow/core/protobuf/{config,rewriter_config}.proto.
  constexpr int kRewriterOff = 2;
  constexpr int kRewriterOn = 1;
  WireWriter proto;
  if (config.intra_op_threads > 0) {
    proto.Varint(2, static_cast<uint64_t>(config.intra_op_threads));
  }
  for (const std::string& filter : config.device_filters) proto.Bytes(4, filter);
  if (config.inter_op_threads != 0 && config.inter_op_threads != kCallerThreadOrPool) {
    // Negative numbers are sign-extended.
    proto.Varint(5, static_cast<uint64_t>(int64_t{config.inter_op_threads}));
  }
  proto.Varint(7, 1);  // allow_soft_placement
  if (config.call_timeout.count() > 0) {
    proto.Varint(11, static_cast<uint64_t>(config.call_timeout.count()));
  }
  if (!config.spinning) {
    constexpr int kDisableThreadSpinning = 9;
    proto.Message(16, WireWriter().Varint(kDisableThreadSpinning, 1));  // experimental
  }
  WireWriter rewriter;
  if (!config.remapping) rewriter.Varint(14, kRewriterOff);
  if (config.bfloat16) rewriter.Varint(31, kRewriterOn);
  if (!rewriter.empty()) {
    WireWriter graph_options;
    graph_options.Message(10, rewriter);
    proto.Message(10, graph_options);
  }
  return proto.str();
}

Result<std::unique_ptr<Session>> Session::Create(const Graph& graph,
                                                 const SessionOptions& options) {
  RETURN_IF_ERROR(graph.status());
  const internal::SessionOptionsPtr c_options(TF_NewSessionOptions());
  CallStatus call;
  const std::string config = EncodeConfig(options.config);
  TF_SetConfig(c_options.get(), config.data(), config.size(), call.get());
  RETURN_IF_ERROR(call.ToStatus());
  if (!options.target.empty()) TF_SetTarget(c_options.get(), options.target.c_str());
  TF_Session* session = TF_NewSession(graph.handle(), c_options.get(), call.get());
  RETURN_IF_ERROR(call.ToStatus());
  return std::make_unique<Session>(session, options.config.inter_op_threads);
}

Session::Session(TF_Session* owned, int inter_op_threads)
    : handle_(owned),
      has_pool_aside_(inter_op_threads == kCallerThreadOrPool),
      inline_options_(nullptr) {
  if (!has_pool_aside_) return;
  WireWriter options;
  inline_options_ = ToBuffer(AddCallerThread(&options)).release();
}

Session::~Session() {
  if (inline_options_ != nullptr) TF_DeleteBuffer(inline_options_);
  CallStatus ignored;  // the far side may be gone, and there is nothing left to do about it
  TF_CloseSession(handle_, ignored.get());
  TF_DeleteSession(handle_, ignored.get());
}

Result<std::vector<Tensor>> Session::Run(std::span<const Feed> feeds,
                                         std::span<const Output> fetches,
                                         std::span<const Operation> targets) {
  return RunWith(inline_options_, nullptr, feeds, fetches, targets);
}

Result<std::vector<Tensor>> Session::RunTraced(std::span<const Feed> feeds,
                                               std::span<const Output> fetches,
                                               std::span<const Operation> targets,
                                               std::string* run_metadata) {
  constexpr uint64_t kFullTrace = 3;
  WireWriter encoded;
  encoded.Varint(kTraceLevel, kFullTrace);
  if (has_pool_aside_) AddCallerThread(&encoded);
  const internal::BufferPtr options = ToBuffer(encoded);
  const internal::BufferPtr metadata = internal::MakeBuffer();
  auto values = RunWith(options.get(), metadata.get(), feeds, fetches, targets);
  if (values.ok()) *run_metadata = internal::BufferBytes(*metadata);
  return values;
}

Result<std::vector<Tensor>> Session::RunWithin(std::chrono::milliseconds limit,
                                               std::span<const Feed> feeds,
                                               std::span<const Output> fetches,
                                               std::span<const Operation> targets) {
  // No limit is of use in the caller's thread.
  if (has_pool_aside_ && !interruptible_) return Run(feeds, fetches, targets);
  WireWriter encoded;
  encoded.Varint(kTimeoutInMs, static_cast<uint64_t>(limit.count()));
  const internal::BufferPtr options = ToBuffer(encoded);
  return RunWith(options.get(), nullptr, feeds, fetches, targets);
}

Result<std::vector<Tensor>> Session::RunWith(const TF_Buffer* options, TF_Buffer* metadata,
                                             std::span<const Feed> feeds,
                                             std::span<const Output> fetches,
                                             std::span<const Operation> targets) {
  std::vector<TF_Output> inputs;
  std::vector<TF_Tensor*> input_values;
  inputs.reserve(feeds.size());
  input_values.reserve(feeds.size());
  for (const Feed& feed : feeds) {
    inputs.push_back({feed.output.op, feed.output.index});
    input_values.push_back(feed.value->handle());
  }
  std::vector<TF_Output> outputs;
  outputs.reserve(fetches.size());
  for (const Output& fetch : fetches) outputs.push_back({fetch.op, fetch.index});
  std::vector<TF_Tensor*> output_values(fetches.size(), nullptr);
  CallStatus call;
  TF_SessionRun(handle_, options, inputs.data(), input_values.data(),
                static_cast<int>(inputs.size()), outputs.data(), output_values.data(),
                static_cast<int>(outputs.size()), targets.data(), static_cast<int>(targets.size()),
                metadata, call.get());
  std::vector<Tensor> values;
  values.reserve(output_values.size());
  for (TF_Tensor* value : output_values) values.emplace_back(value);
  RETURN_IF_ERROR(call.ToStatus());
  return values;
}

Status Session::Run(Operation target) {
  return Run({}, {}, std::span<const Operation>(&target, 1)).status();
}

}  // namespace trainyard::tf
