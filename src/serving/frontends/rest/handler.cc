#include "serving/frontends/rest/handler.h"

#include <memory>
#include <set>
#include <utility>

#include "serving/frontends/rest/http_status.h"
#include "serving/frontends/rest/reports.h"
#include "serving/json/predict_answer.h"
#include "serving/json/predict_body.h"
#include "serving/signature_plan.h"
#include "serving/signature_run.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;

constexpr char kJson[] = "application/json";
constexpr char kMetricsText[] = "text/plain; version=0.0.4; charset=utf-8";

api::ModelSpec SpecOf(const RestRoute& route) {
  api::ModelSpec spec;
  spec.set_name(route.model);
  if (route.version) spec.mutable_version()->set_value(*route.version);
  if (route.label) spec.set_version_label(*route.label);
  return spec;
}

// Looks the model up when its signature is first asked for, and keeps it for the request.
class SignatureFinder {
 public:
  SignatureFinder(const Catalogue& models, const RestRoute& route)
      : models_(models), route_(route) {}

  Result<const ::tensorflow::SignatureDef*> Find(const std::string& name) {
    if (servable_ == nullptr) {
      ASSIGN_OR_RETURN(servable_, models_.Find(SpecOf(route_)));
    }
    const BoundSignature* const found = servable_->FindSignature(name);
    if (found == nullptr) {
      return InvalidArgumentError("Serving signature name: \"{}\" not found in signature def",
                                  name.empty() ? kDefaultSignature : name);
    }
    return found->definition;
  }

  const std::shared_ptr<const Servable>& servable() const { return servable_; }

 private:
  const Catalogue& models_;
  const RestRoute& route_;
  std::shared_ptr<const Servable> servable_;
};

Result<std::string> Describe(const Catalogue& models, const RestRoute& route) {
  api::GetModelStatusRequest request;
  *request.mutable_model_spec() = SpecOf(route);
  api::GetModelStatusResponse response;
  RETURN_IF_ERROR(models.DescribeVersions(request, &response));
  return WriteStatus(response);
}

Result<std::string> DescribeMetadata(const Catalogue& models, const RestRoute& route) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const Servable> servable, models.Find(SpecOf(route)));
  return WriteMetadata(*servable);
}

}  // namespace

RestHandler::RestHandler(const Catalogue* models, Options options)
    : models_(*models), options_(std::move(options)) {}

RunLimits RestHandler::LimitsOf(const net::HttpQuestion& question) const {
  RunLimits limits;
  limits.is_cancelled = question.is_cancelled;
  if (options_.timeout.count() > 0) {
    limits.deadline = std::chrono::steady_clock::now() + options_.timeout;
  }
  return limits;
}

net::HttpAnswer RestHandler::WithCors(net::HttpAnswer answer) const {
  if (!options_.enable_cors) return answer;
  answer.headers.emplace_back("Access-Control-Allow-Origin", "*");
  answer.headers.emplace_back("Access-Control-Allow-Methods", "POST, GET");
  answer.headers.emplace_back("Access-Control-Allow-Headers", "Content-Type");
  return answer;
}

net::HttpAnswer RestHandler::ToAnswer(const Status& status) const {
  return WithCors({.status = ToHttpStatus(status.code()),
                   .content_type = kJson,
                   .body = WriteError(status.message())});
}

net::HttpAnswer RestHandler::Answer(const net::HttpQuestion& question) const {
  const Result<RestRoute> route =
      RouteRequest(question.method, question.target, options_.metrics_path);
  if (!route.ok()) return ToAnswer(route.error());
  switch (route->call) {
    case RestCall::kOptions:
      return AnswerOptions(question);
    case RestCall::kHealth:
      return {.body = "ok\n"};
    case RestCall::kReady:
      return AnswerReady();
    case RestCall::kMetrics:
      return {.content_type = kMetricsText, .body = options_.metrics_page()};
    case RestCall::kUnknown:
      return ToAnswer(NotFoundError("Not found: {} {}", question.method, question.path));
    case RestCall::kPredict:
    case RestCall::kClassify:
    case RestCall::kRegress:
    case RestCall::kStatus:
    case RestCall::kMetadata:
    case RestCall::kListModels:
      break;
  }
  Result<std::string> body = AnswerCall(*route, question);
  if (!body.ok()) return ToAnswer(body.error());
  return WithCors({.content_type = kJson, .body = std::move(body).value()});
}

Result<std::string> RestHandler::AnswerCall(const RestRoute& route,
                                            const net::HttpQuestion& question) const {
  switch (route.call) {
    case RestCall::kPredict:
      return Predict(route, question);
    case RestCall::kStatus:
      return Describe(models_, route);
    case RestCall::kMetadata:
      return DescribeMetadata(models_, route);
    case RestCall::kListModels:
      return WriteModels(models_);
    case RestCall::kClassify:
    case RestCall::kRegress:
      return UnimplementedError("{} is not offered over REST yet; gRPC has it", question.path);
    case RestCall::kOptions:
    case RestCall::kHealth:
    case RestCall::kReady:
    case RestCall::kMetrics:
    case RestCall::kUnknown:
      break;
  }
  return InternalError("{} has no answer", question.path);
}

Result<std::string> RestHandler::Predict(const RestRoute& route,
                                         const net::HttpQuestion& question) const {
  const RunLimits limits = LimitsOf(question);
  SignatureFinder finder(models_, route);
  ASSIGN_OR_RETURN(const PredictBody body,
                   ReadPredictBody(question.body, [&finder](const std::string& name) {
                     return finder.Find(name);
                   }));
  const Servable& servable = *finder.servable();
  const BoundSignature& signature = *servable.FindSignature(body.signature_name);
  std::set<std::string> given;
  for (const auto& [alias, tensor] : body.inputs) given.insert(alias);
  ASSIGN_OR_RETURN(const SignaturePlan plan,
                   PlanSignature(*signature.definition, given, body.output_filter));
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values,
                   RunSignature(servable, signature, plan, body.inputs, limits));
  return WritePredictions(body.format, plan.outputs, values);
}

net::HttpAnswer RestHandler::AnswerOptions(const net::HttpQuestion& question) const {
  const std::string* const origin = net::FindHeader(question.headers, "Origin");
  const bool is_site = origin != nullptr && (origin->find("http://") != origin->npos ||
                                             origin->find("https://") != origin->npos);
  return WithCors({.status = is_site ? 200 : 400});
}

net::HttpAnswer RestHandler::AnswerReady() const {
  if (options_.is_stopping()) return {.status = 503, .body = "the server is stopping\n"};
  const std::string missing = WriteMissingModels(models_);
  if (missing.empty()) return {.body = "ok\n"};
  return {.status = 503, .body = missing};
}

}  // namespace trainyard::serving
