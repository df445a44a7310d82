#include "kube/internal/retry.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace trainyard::kube {
namespace {

constexpr double kFirstDelayMs = 100;
constexpr double kLongestDelayMs = 5'000;
constexpr std::chrono::seconds kLongestRetryAfter{60};

bool IsWorthRetrying(std::string_view method, const Result<net::HttpResponse>& answer) {
  const bool is_harmless = method == "GET";
  if (!answer.ok()) {
    const Status& failure = answer.error();
    return failure.code() == StatusCode::kUnavailable && (is_harmless || WasNotSent(failure));
  }
  if (answer->status == 429) return true;
  if (answer->status < 500) return false;
  return is_harmless || RetryAfter(answer->headers).has_value();
}

}  // namespace

std::optional<std::chrono::milliseconds> NextRetry(std::string_view method,
                                                   const Result<net::HttpResponse>& answer,
                                                   int retries, double random) {
  if (retries >= kMaxRetries || !IsWorthRetrying(method, answer)) return std::nullopt;
  const double delay = std::min(kFirstDelayMs * std::pow(2.0, retries), kLongestDelayMs);
  // Half of it by chance, so that those who failed together do not come back together.
  const std::chrono::milliseconds backoff(static_cast<int64_t>(delay * (0.5 + 0.5 * random)));
  const auto wanted = answer.ok() ? RetryAfter(answer->headers) : std::nullopt;
  if (!wanted) return backoff;
  // The server's word, and a little that is ours for the same reason.
  const std::chrono::milliseconds extra(static_cast<int64_t>(200 * random));
  return std::max<std::chrono::milliseconds>(*wanted + extra, backoff);
}

std::optional<std::chrono::seconds> RetryAfter(const net::Headers& headers) {
  const std::string* text = net::FindHeader(headers, "Retry-After");
  if (text == nullptr) return std::nullopt;
  unsigned seconds = 0;
  const char* end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, seconds);
  if (error == std::errc::result_out_of_range) return kLongestRetryAfter;
  if (error != std::errc() || rest != end) return std::nullopt;
  return std::min(std::chrono::seconds(seconds), kLongestRetryAfter);
}

bool WasNotSent(const Status& failure) {
  if (failure.code() != StatusCode::kUnavailable) return false;
  // net's failures have no code for it; these are libcurl's words, kept true by client_test.
  for (const std::string_view words :
       {"onnect to ", "Could not resolve", "Couldn't resolve", "no connection within"}) {
    if (failure.message().find(words) != std::string::npos) return true;
  }
  return false;
}

}  // namespace trainyard::kube
