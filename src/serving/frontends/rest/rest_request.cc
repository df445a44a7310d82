#include "serving/frontends/rest/rest_request.h"

#include <algorithm>

namespace trainyard::serving {
namespace {

Api ApiOf(RestCall call) {
  switch (call) {
    case RestCall::kPredict:
      return Api::kPredict;
    case RestCall::kClassify:
      return Api::kClassify;
    case RestCall::kRegress:
      return Api::kRegress;
    case RestCall::kMetadata:
      return Api::kModelMetadata;
    case RestCall::kStatus:
    case RestCall::kListModels:
    case RestCall::kOptions:
    case RestCall::kHealth:
    case RestCall::kReady:
    case RestCall::kMetrics:
    case RestCall::kUnknown:
      break;
  }
  return Api::kModelStatus;
}

// Runs of a model are counted as requests in flight; questions about it are always answered.
bool IsCounted(RestCall call) {
  return call == RestCall::kPredict || call == RestCall::kClassify || call == RestCall::kRegress;
}

}  // namespace

RestRequest::RestRequest(const ServiceContext& service, const RestRoute& route,
                         const net::HttpQuestion& question, std::chrono::milliseconds timeout,
                         bool is_stopping)
    : service_(service),
      route_(route),
      question_(question),
      timeout_(timeout),
      start_(std::chrono::steady_clock::now()) {
  record_.api = ApiOf(route.call);
  record_.entrypoint = Entrypoint::kRest;
  record_.model = route.model;
  // The door for gRPC closes while requests that are on their way over REST are still answered.
  if (!IsCounted(route.call) || is_stopping) return;
  pass_.emplace(service.requests);
  admission_ = pass_->refusal();
}

::tensorflow::serving::ModelSpec RestRequest::spec() const {
  ::tensorflow::serving::ModelSpec spec;
  spec.set_name(route_.model);
  if (route_.version) spec.mutable_version()->set_value(*route_.version);
  if (route_.label) spec.set_version_label(*route_.label);
  return spec;
}

Result<const Servable*> RestRequest::Find() {
  if (servable_ == nullptr) {
    ASSIGN_OR_RETURN(servable_, service_.models->Find(spec()));
    record_.servable = servable_.get();
    if (!servable_->is_quick()) question_.takes_long();
  }
  return servable_.get();
}

RunLimits RestRequest::limits() {
  RunLimits limits;
  limits.is_cancelled = question_.is_cancelled;
  limits.running = &record_.running;
  for (const std::chrono::milliseconds most : {timeout_, service_.max_time}) {
    if (most.count() == 0) continue;
    limits.deadline = limits.deadline ? std::min(*limits.deadline, start_ + most) : start_ + most;
  }
  deadline_ = limits.deadline;
  return limits;
}

Status RestRequest::CheckTime() const {
  return RunLimits{.deadline = deadline_}.Check(std::chrono::steady_clock::now());
}

void RestRequest::End(StatusCode code, size_t response_bytes) {
  record_.signature = signature_;
  record_.code = code;
  record_.took = std::chrono::steady_clock::now() - start_;
  record_.request_bytes = static_cast<int64_t>(question_.body.size());
  record_.response_bytes = static_cast<int64_t>(response_bytes);
  record_.peer = question_.peer;
  service_.observer->Observe(record_);
}

}  // namespace trainyard::serving
