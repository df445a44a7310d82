// HTTP requests and responses as plain values, used by client and server alike.
//
// Plain values; thread-compatible. Header names compare in any letter case (RFC 9110, 5.1).
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trainyard::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The first value of that name; null if there is none.
const std::string* FindHeader(const Headers& headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  std::string url{};  // whole, percent-encoded: "https://127.0.0.1:6443/api/v1/pods?limit=500"
  Headers headers{};
  std::string body{};

  std::chrono::milliseconds connect_timeout{10'000};
  // For all of it, the body included. Zero: no limit, so that `idle_timeout` has to be one.
  std::chrono::milliseconds timeout{30'000};
  // How long the server may send nothing at all. Zero: as long as `timeout`.
  std::chrono::milliseconds idle_timeout{0};
  // A larger answer ends the request with ResourceExhausted. Not for HttpClient::Open, which keeps
  // nothing.
  size_t max_body_bytes = 256u << 20;
};

struct HttpResponse {
  int status = 0;  // 200, 404, ...; never 1xx
  Headers headers{};
  std::string body{};

  bool is_success() const { return status >= 200 && status < 300; }
};

// RFC 3986: everything but letters, digits and "-._~" becomes %XX.
std::string PercentEncode(std::string_view text);

// "a=1&b=x%2Fy" in the order given; empty for no parameters.
std::string EncodeQuery(const std::vector<std::pair<std::string, std::string>>& parameters);

}  // namespace trainyard::net
