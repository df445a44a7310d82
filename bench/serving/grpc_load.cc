// Sends one prepared request over and over, so many at a time, and reports latencies. The message
// is neither built nor read here, so that the generator takes as little of the processor as it can.
//
// usage: grpc_load HOST:PORT REQUEST_FILE CONCURRENCY SECONDS [TIMES_FILE]
// TIMES_FILE: when each request was sent and answered (latencies.h).
#include <fmt/format.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "latencies.h"

using namespace trainyard;
using Clock = bench::Latencies::Clock;

namespace {

constexpr char kPredict[] = "/tensorflow.serving.PredictionService/Predict";
constexpr int kMostConnections = 4;

struct Call {
  grpc::GenericStub* stub = nullptr;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer answer;
  grpc::Status status;
  Clock::time_point sent;
};

struct Load {
  grpc::ByteBuffer request;
  grpc::CompletionQueue queue;

  void Send(Call* call) {
    call->context = std::make_unique<grpc::ClientContext>();
    call->sent = Clock::now();
    call->reader = call->stub->PrepareUnaryCall(call->context.get(), kPredict, request, &queue);
    call->reader->StartCall();
    call->reader->Finish(&call->answer, &call->status, call);
  }
};

std::vector<std::unique_ptr<grpc::GenericStub>> Connect(const std::string& address, int count) {
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
  for (int i = 0; i < count; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // else all share one connection
    arguments.SetMaxReceiveMessageSize(std::numeric_limits<int>::max());
    stubs.push_back(std::make_unique<grpc::GenericStub>(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments)));
  }
  return stubs;
}

bench::Latencies Run(const std::string& address, const std::string& request, int concurrency,
                     double seconds) {
  Load load;
  const grpc::Slice slice(request);
  load.request = grpc::ByteBuffer(&slice, 1);
  const auto stubs = Connect(address, std::min(concurrency, kMostConnections));
  std::vector<Call> calls(static_cast<size_t>(concurrency));
  for (size_t i = 0; i < calls.size(); ++i) calls[i].stub = stubs[i % stubs.size()].get();

  const auto length =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  const Clock::time_point begin = Clock::now() + length / 5;
  const Clock::time_point end = begin + length;
  bench::Latencies latencies(begin);
  for (Call& call : calls) load.Send(&call);
  void* tag = nullptr;
  bool ok = false;
  size_t open = calls.size();
  while (open > 0 && load.queue.Next(&tag, &ok)) {
    Call* call = static_cast<Call*>(tag);
    const Clock::time_point now = Clock::now();
    if (call->status.ok()) {
      latencies.Add(call->sent, now);
    } else {
      latencies.AddError(fmt::format("{}: {}", static_cast<int>(call->status.error_code()),
                                     call->status.error_message()));
    }
    if (now < end) {
      load.Send(call);
    } else {
      --open;
    }
  }
  load.queue.Shutdown();
  while (load.queue.Next(&tag, &ok)) {
  }
  return latencies;
}

Status Main(int argc, char** argv) {
  ASSIGN_OR_RETURN(const std::string request, ReadFile(argv[2]));
  const bench::Latencies latencies =
      Run(argv[1], request, std::max(1, std::atoi(argv[3])), std::atof(argv[4]));
  std::puts(latencies.Report().c_str());
  return argc == 6 ? latencies.WriteTimes(argv[5]) : OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::fprintf(stderr,
                 "usage: grpc_load HOST:PORT REQUEST_FILE CONCURRENCY SECONDS [TIMES_FILE]\n");
    return 2;
  }
  const Status status = Main(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "grpc_load: %s\n", status.message().c_str());
  return 1;
}
