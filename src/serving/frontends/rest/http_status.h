// The border between our Status and HTTP's. Pure, thread-safe.
#pragma once

#include "base/status.h"

namespace trainyard::serving {

// The code that TensorFlow Serving answers with: 200, 400 for InvalidArgument, 404 for NotFound,
// ...
int ToHttpStatus(StatusCode code);

// The other way round, for the HTTP server's own refusals (413, 408, ...).
StatusCode FromHttpStatus(int status);

}  // namespace trainyard::serving
