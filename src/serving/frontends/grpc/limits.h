// The limits that a gRPC call brings with it.
#pragma once

#include "serving/run_limits.h"

namespace grpc {
class ServerContext;
}

namespace trainyard::serving {

// The call's deadline and whether its client has gone. A call may have waited for a thread: both
// are to be asked about before the model is. `context` must outlive what is returned.
RunLimits LimitsOf(const grpc::ServerContext& context);

}  // namespace trainyard::serving
