#include "serving/frontends/grpc/limits.h"

#include <grpcpp/server_context.h>

#include <chrono>

namespace trainyard::serving {

RunLimits LimitsOf(const grpc::ServerContext& context) {
  RunLimits limits;
  limits.is_cancelled = [&context] { return context.IsCancelled(); };
  const auto deadline = context.deadline();
  if (deadline != std::chrono::system_clock::time_point::max()) {
    limits.deadline =
        std::chrono::steady_clock::now() + (deadline - std::chrono::system_clock::now());
  }
  return limits;
}

}  // namespace trainyard::serving
