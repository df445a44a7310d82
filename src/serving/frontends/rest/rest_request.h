// One REST call about a model from its arrival to its answer: let in or refused, limited in time,
// and told to the observer when it ends. What all of them do the same way; REST's counterpart of
// frontends/grpc/call.h.
//
// Lives in the thread that answers. Thread-compatible.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "net/http_server.h"
#include "serving/frontends/rest/router.h"
#include "serving/metrics/request_record.h"
#include "serving/run_limits.h"
#include "serving/service_context.h"
#include "tensorflow/serving/model.pb.h"

namespace trainyard::serving {

class RestRequest {
 public:
  // `timeout`: for all of it; zero: none. `is_stopping`: a server that drains goes on answering.
  RestRequest(const ServiceContext& service, const RestRoute& route,
              const net::HttpQuestion& question, std::chrono::milliseconds timeout,
              bool is_stopping);

  // Why the request is refused: the server is full.
  const Status& admission() const { return admission_; }

  // Looks the model up, once. On success the request holds on to the version until it ends.
  Result<const Servable*> Find();

  ::tensorflow::serving::ModelSpec spec() const;
  RunLimits limits();
  // DeadlineExceeded once the time that limits() gave is over: a success that comes later is none.
  Status CheckTime() const;
  void set_signature(const std::string& name) { signature_ = name; }

  // Tells the observer how it ended.
  void End(StatusCode code, size_t response_bytes);

 private:
  const ServiceContext& service_;
  const RestRoute& route_;
  const net::HttpQuestion& question_;
  const std::chrono::milliseconds timeout_;
  const std::chrono::steady_clock::time_point start_;
  std::optional<InFlight::Pass> pass_;
  Status admission_;
  std::string signature_;
  std::optional<RunLimits::TimePoint> deadline_;  // as limits() has said
  RequestRecord record_;
  std::shared_ptr<const Servable> servable_;
};

}  // namespace trainyard::serving
