#include "serving/frontends/rest/handler.h"

#include <set>
#include <utility>
#include <vector>

#include "serving/frontends/rest/http_status.h"
#include "serving/frontends/rest/reports.h"
#include "serving/inference/classify.h"
#include "serving/inference/regress.h"
#include "serving/inference/signature_plan.h"
#include "serving/inference/signature_run.h"
#include "serving/json/examples_body.h"
#include "serving/json/predict_answer.h"
#include "serving/json/predict_body.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;

constexpr char kJson[] = "application/json";
constexpr char kMetricsText[] = "text/plain; version=0.0.4; charset=utf-8";

// The signature by which the values of a body are read.
Result<const ::tensorflow::SignatureDef*> FindDefinition(RestRequest* request,
                                                         const std::string& name) {
  ASSIGN_OR_RETURN(const Servable* const servable, request->Find());
  const BoundSignature* const found = servable->FindSignature(name);
  if (found != nullptr) return found->definition;
  return InvalidArgumentError("Serving signature name: \"{}\" not found in signature def",
                              name.empty() ? kDefaultSignature : name);
}

// Borrowed from the body.
Examples ExamplesOf(const ExamplesBody& body) {
  return {.serialized = {body.examples.begin(), body.examples.end()}, .context = body.context};
}

std::set<std::string> NamesOf(const NamedTensors& tensors) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : tensors) names.insert(name);
  return names;
}

}  // namespace

RestHandler::RestHandler(const ServiceContext& service, Options options)
    : service_(service), options_(std::move(options)) {}

net::HttpAnswer RestHandler::WithCors(net::HttpAnswer answer) const {
  if (!options_.enable_cors) return answer;
  answer.headers.emplace_back("Access-Control-Allow-Origin", "*");
  answer.headers.emplace_back("Access-Control-Allow-Methods", "POST, GET");
  answer.headers.emplace_back("Access-Control-Allow-Headers", "Content-Type");
  return answer;
}

net::HttpAnswer RestHandler::ToAnswer(const Status& status) const {
  net::HttpAnswer answer{.status = ToHttpStatus(status.code()),
                         .content_type = kJson,
                         .body = WriteError(status.message())};
  if (status.code() == StatusCode::kUnauthenticated) {
    answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  }
  return WithCors(std::move(answer));
}

Status RestHandler::CheckToken(const net::HttpQuestion& question) const {
  if (!service_.tokens->is_needed()) return OkStatus();
  const std::string* const given = net::FindHeader(question.headers, "Authorization");
  return service_.tokens->Check(given == nullptr ? std::string_view() : *given);
}

net::HttpAnswer RestHandler::Answer(const net::HttpQuestion& question) const {
  const Result<RestRoute> route =
      RouteRequest(question.method, question.target, options_.metrics_path);
  // These are for those who have no token.
  if (route.ok() && route->call == RestCall::kHealth) return {.body = "ok\n"};
  if (route.ok() && route->call == RestCall::kReady) return AnswerReady();
  if (route.ok() && route->call == RestCall::kOptions) return AnswerOptions(question);
  if (const Status status = CheckToken(question); !status.ok()) return ToAnswer(status);
  if (!route.ok()) return ToAnswer(route.error());
  switch (route->call) {
    case RestCall::kMetrics:
      return {.content_type = kMetricsText, .body = options_.metrics_page()};
    case RestCall::kPredict:
    case RestCall::kClassify:
    case RestCall::kRegress:
    case RestCall::kStatus:
    case RestCall::kMetadata:
    case RestCall::kListModels:
      return AnswerCall(*route, question);
    case RestCall::kOptions:
    case RestCall::kHealth:
    case RestCall::kReady:
    case RestCall::kUnknown:
      break;
  }
  return ToAnswer(NotFoundError("Not found: {} {}", question.method, question.path));
}

net::HttpAnswer RestHandler::AnswerCall(const RestRoute& route,
                                        const net::HttpQuestion& question) const {
  RestRequest request(service_, route, question, options_.timeout, options_.is_stopping());
  Result<std::string> body = request.admission().ok() ? AnswerBody(route, question, &request)
                                                      : Result<std::string>(request.admission());
  // TensorFlow may have let the run go on to its end.
  if (const Status late = request.CheckTime(); body.ok() && !late.ok()) body = late;
  net::HttpAnswer answer = body.ok()
                               ? WithCors({.content_type = kJson, .body = std::move(body).value()})
                               : ToAnswer(body.error());
  request.End(body.status().code(), answer.body.size());
  return answer;
}

Result<std::string> RestHandler::AnswerBody(const RestRoute& route,
                                            const net::HttpQuestion& question,
                                            RestRequest* request) const {
  switch (route.call) {
    case RestCall::kPredict:
      return Predict(question.body, request);
    case RestCall::kClassify:
      return Classify(question.body, request);
    case RestCall::kRegress:
      return Regress(question.body, request);
    case RestCall::kStatus:
      return DescribeStatus(*request);
    case RestCall::kMetadata: {
      ASSIGN_OR_RETURN(const Servable* const servable, request->Find());
      return WriteMetadata(*servable);
    }
    case RestCall::kListModels:
      return WriteModels(*service_.models);
    case RestCall::kOptions:
    case RestCall::kHealth:
    case RestCall::kReady:
    case RestCall::kMetrics:
    case RestCall::kUnknown:
      break;
  }
  return InternalError("{} has no answer", question.path);
}

Result<std::string> RestHandler::Predict(const std::string& json, RestRequest* request) const {
  ASSIGN_OR_RETURN(PredictBody body, ReadPredictBody(json, [request](const std::string& name) {
                     return FindDefinition(request, name);
                   }));
  request->set_signature(body.signature_name);
  ASSIGN_OR_RETURN(const Servable* const servable, request->Find());
  const BoundSignature& signature = *servable->FindSignature(body.signature_name);
  RETURN_IF_ERROR(CheckPredictSignature(*signature.definition, service_.method_names));
  ASSIGN_OR_RETURN(const SignaturePlan plan,
                   PlanSignature(*signature.definition, NamesOf(body.inputs), body.output_filter));
  ASSIGN_OR_RETURN(const SignatureRun run, BindRun(signature, plan, std::move(body.inputs)));
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> values,
                   RunSignature(*servable, run, request->limits()));
  return WritePredictions(body.format, plan.outputs, values);
}

Result<std::string> RestHandler::Classify(const std::string& json, RestRequest* request) const {
  ASSIGN_OR_RETURN(const ExamplesBody body, ReadExamplesBody(json));
  request->set_signature(body.signature_name);
  ASSIGN_OR_RETURN(const Servable* const servable, request->Find());
  ASSIGN_OR_RETURN(const ClassifyResult result,
                   serving::Classify(*servable, body.signature_name, ExamplesOf(body),
                                     service_.method_names, request->limits()));
  std::vector<std::vector<LabelledScore>> rows(static_cast<size_t>(result.num_examples));
  for (int64_t row = 0; row < result.num_examples; ++row) {
    for (int64_t i = 0; i < result.num_classes; ++i) {
      rows[static_cast<size_t>(row)].push_back({result.label(row, i), result.score(row, i)});
    }
  }
  return WriteClassifications(rows);
}

Result<std::string> RestHandler::Regress(const std::string& json, RestRequest* request) const {
  ASSIGN_OR_RETURN(const ExamplesBody body, ReadExamplesBody(json));
  request->set_signature(body.signature_name);
  ASSIGN_OR_RETURN(const Servable* const servable, request->Find());
  ASSIGN_OR_RETURN(const std::vector<float> values,
                   serving::Regress(*servable, body.signature_name, ExamplesOf(body),
                                    service_.method_names, request->limits()));
  return WriteRegressions(values);
}

Result<std::string> RestHandler::DescribeStatus(const RestRequest& request) const {
  api::GetModelStatusRequest question;
  *question.mutable_model_spec() = request.spec();
  api::GetModelStatusResponse response;
  RETURN_IF_ERROR(service_.models->DescribeVersions(question, &response));
  return WriteStatus(response);
}

net::HttpAnswer RestHandler::AnswerOptions(const net::HttpQuestion& question) const {
  const std::string* const origin = net::FindHeader(question.headers, "Origin");
  const bool is_site = origin != nullptr && (origin->find("http://") != origin->npos ||
                                             origin->find("https://") != origin->npos);
  return WithCors({.status = is_site ? 200 : 400});
}

net::HttpAnswer RestHandler::AnswerReady() const {
  if (options_.is_stopping()) return {.status = 503, .body = "not ready: the server is stopping\n"};
  const ReadyReport report = service_.models->Readiness();
  return {.status = report.is_ready() ? 200 : 503, .body = FormatReadyReport(report)};
}

}  // namespace trainyard::serving
