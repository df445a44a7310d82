// Answers REST requests, whatever brings them.
//
// Thread-safe: immutable. What it is given outlives it. Bodies, codes and texts are TensorFlow
// Serving's (docs/contracts/serving-rest.md).
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "net/http_server.h"
#include "serving/frontends/rest/rest_request.h"
#include "serving/frontends/rest/router.h"
#include "serving/service_context.h"

namespace trainyard::serving {

class RestHandler {
 public:
  struct Options {
    // For the whole of a request, from when it has come; zero: no limit.
    std::chrono::milliseconds timeout{30'000};
    bool enable_cors = false;
    // Where Prometheus reads and what; no path: nowhere.
    std::string metrics_path = "/monitoring/prometheus/metrics";
    std::function<std::string()> metrics_page = [] { return std::string(); };
    // Whether the server is about to stop: not ready, whatever the models say.
    std::function<bool()> is_stopping = [] { return false; };
  };

  RestHandler(const ServiceContext& service, Options options);

  net::HttpAnswer Answer(const net::HttpQuestion& question) const;

  // A failure as a client sees it; also for what the HTTP server refuses itself.
  net::HttpAnswer ToAnswer(const Status& status) const;

 private:
  net::HttpAnswer AnswerCall(const RestRoute& route, const net::HttpQuestion& question) const;
  Result<std::string> AnswerBody(const RestRoute& route, const net::HttpQuestion& question,
                                 RestRequest* request) const;
  Result<std::string> Predict(const std::string& body, RestRequest* request) const;
  Result<std::string> Classify(const std::string& body, RestRequest* request) const;
  Result<std::string> Regress(const std::string& body, RestRequest* request) const;
  Result<std::string> DescribeStatus(const RestRequest& request) const;
  net::HttpAnswer AnswerOptions(const net::HttpQuestion& question) const;
  net::HttpAnswer AnswerReady() const;
  net::HttpAnswer WithCors(net::HttpAnswer answer) const;
  Status CheckToken(const net::HttpQuestion& question) const;

  const ServiceContext service_;
  const Options options_;
};

}  // namespace trainyard::serving
