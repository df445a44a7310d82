// An HTTP response that goes on, seen as lines: the ApiStream behind Client::Open().
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "kube/api.h"
#include "net/http_client.h"

namespace trainyard::kube {

struct LineStreamHooks {
  std::string attempt{};  // "watch pods.v1": for messages
  // Told once how the server has answered; status 0: not at all. In the HTTP client's thread.
  std::function<void(int status, const net::Headers& headers)> on_answer{};
};

// Starts it. `handler.on_end` gets what ToStatus() makes of a status other than 2xx, a failure of
// `on_line` as it is, and those of the transport with the attempt before them.
std::unique_ptr<ApiStream> OpenLines(net::HttpClient* http, const net::HttpRequest& request,
                                     LineStreamHooks hooks, LineHandler handler);

// A stream that could not even be started: tells `on_end` so, from a thread of its own, as callers
// expect their handlers to be called by another.
std::unique_ptr<ApiStream> FailedStream(Status failure, LineHandler handler);

}  // namespace trainyard::kube
