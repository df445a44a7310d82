#include "serving/frontends/rest/http_status.h"

namespace trainyard::serving {

int ToHttpStatus(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return 200;
    case StatusCode::kCancelled:
      return 499;
    case StatusCode::kInvalidArgument:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kOutOfRange:
      return 400;
    case StatusCode::kDeadlineExceeded:
      return 504;
    case StatusCode::kNotFound:
      return 404;
    case StatusCode::kAlreadyExists:
    case StatusCode::kAborted:
      return 409;
    case StatusCode::kPermissionDenied:
      return 403;
    case StatusCode::kUnauthenticated:
      return 401;
    case StatusCode::kResourceExhausted:
      return 429;
    case StatusCode::kUnimplemented:
      return 501;
    case StatusCode::kUnavailable:
      return 503;
    case StatusCode::kUnknown:
    case StatusCode::kInternal:
    case StatusCode::kDataLoss:
      break;
  }
  return 500;
}

StatusCode FromHttpStatus(int status) {
  switch (status) {
    case 408:
      return StatusCode::kDeadlineExceeded;
    case 413:
    case 431:
      return StatusCode::kResourceExhausted;
    case 501:
    case 505:
      return StatusCode::kUnimplemented;
    default:
      return StatusCode::kInvalidArgument;
  }
}

}  // namespace trainyard::serving
