// The border between our Status and gRPC's.
#pragma once

#include <grpcpp/support/status.h>

#include <string_view>

#include "base/status.h"

namespace trainyard::serving {

// The same code; a text longer than 1024 characters is cut and marked "...TRUNCATED", since gRPC
// sends it as a header. Bytes that are not UTF-8 are left as they are.
grpc::Status ToGrpcStatus(const Status& status);

// UNIMPLEMENTED for a method of the contract that this server does not offer.
grpc::Status NotOffered(std::string_view method);

}  // namespace trainyard::serving
