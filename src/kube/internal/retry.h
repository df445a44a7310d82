// Whether a request is sent again, and after how long. Pure, thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "net/http.h"

namespace trainyard::kube {

inline constexpr int kMaxRetries = 10;

// `answer` is what the attempt has led to: any response, or a failure of the transport. `retries`
// counts those before, `random` is in [0, 1). nullopt: that is the answer. Rules: client.h.
std::optional<std::chrono::milliseconds> NextRetry(std::string_view method,
                                                   const Result<net::HttpResponse>& answer,
                                                   int retries, double random);

// The seconds of a Retry-After header; nullopt if there is none (or a date, which API servers do
// not send).
std::optional<std::chrono::seconds> RetryAfter(const net::Headers& headers);

// Did the request surely not reach the server: there was no connection to it?
bool WasNotSent(const Status& failure);

}  // namespace trainyard::kube
