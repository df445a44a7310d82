#include "serving/frontends/grpc/status.h"

#include <string>

namespace trainyard::serving {

grpc::Status ToGrpcStatus(const Status& status) {
  constexpr size_t kMaxLength = 1024;
  if (status.ok()) return grpc::Status::OK;
  std::string text = status.message();
  if (text.size() > kMaxLength) {
    text.resize(kMaxLength);
    text += "...TRUNCATED";
  }
  return {static_cast<grpc::StatusCode>(status.code()), text};
}

grpc::Status NotOffered(std::string_view method) {
  return ToGrpcStatus(UnimplementedError(
      "{} is not offered by this server; docs/contracts/serving.md lists what is", method));
}

}  // namespace trainyard::serving
