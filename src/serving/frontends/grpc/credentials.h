// TLS for the gRPC front end.
#pragma once

#include <memory>

#include "base/status.h"
#include "serving/frontends/grpc/front_end.h"

namespace grpc {
class ServerCredentials;
}

namespace trainyard::serving {

// Plain text if no file is named. InvalidArgument if the settings do not fit together, or a file
// cannot be read or holds no PEM text.
Result<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(const GrpcOptions& options);

}  // namespace trainyard::serving
