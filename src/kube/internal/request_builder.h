// From what is asked of an API server to the HTTP request that asks it. Immutable, thread-safe.
#pragma once

#include <string>

#include "kube/api.h"
#include "kube/config.h"
#include "kube/credentials.h"
#include "net/http.h"

namespace trainyard::kube {

class RequestBuilder {
 public:
  explicit RequestBuilder(const Config& config);

  net::HttpRequest Build(const ApiRequest& request, const ShownCredentials& shown) const;

  // The URL and headers of a WebSocket.
  std::string Url(const std::string& path, const Query& query) const;
  net::Headers CommonHeaders(const ShownCredentials& shown) const;

  // "host:port" of the API server, for metrics.
  const std::string& host() const { return host_; }

 private:
  const std::string server_;
  const std::string host_;
  const net::Headers impersonation_;
};

// Puts other credentials into a request that was built before.
void SetCredentials(const ShownCredentials& shown, net::HttpRequest* request);

// For messages: the attempt, or method and path.
std::string AttemptOf(const ApiRequest& request);

}  // namespace trainyard::kube
