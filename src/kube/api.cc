#include "kube/api.h"

#include <fmt/format.h>

#include <utility>

namespace trainyard::kube {
namespace {

constexpr char kPageSize[] = "500";

std::string_view ContentType(PatchType type) {
  switch (type) {
    case PatchType::kMerge:
      return "application/merge-patch+json";
    case PatchType::kApply:
      return "application/apply-patch+yaml";  // JSON is YAML, too
    case PatchType::kStrategicMerge:
      return "application/strategic-merge-patch+json";
    case PatchType::kJson:
      return "application/json-patch+json";
  }
  return {};
}

std::string Attempt(std::string_view verb, const Resource& resource, std::string_view name_space,
                    std::string_view name) {
  std::string text = fmt::format("{} {}", verb, ToString(resource));
  if (name_space.empty() && name.empty()) return text;
  text += ' ';
  if (!name_space.empty()) text.append(name_space).append(name.empty() ? "" : "/");
  return text.append(name);
}

Json DeleteBody(const DeleteOptions& options) {
  Json body = {
      {"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", options.propagation}};
  if (!options.uid.empty()) body["preconditions"] = {{"uid", options.uid}};
  if (options.grace_seconds >= 0) body["gracePeriodSeconds"] = options.grace_seconds;
  return body;
}

// Why a create is refused: no right is missing, and trying again is of no use. Old servers say it
// in words only.
bool IsOfEndingNamespace(const Json& answer, std::string_view message) {
  for (const Json& cause : GetList(answer, {"details", "causes"})) {
    if (GetString(cause, {"reason"}) == "NamespaceTerminating") return true;
  }
  return message.find("because it is being terminated") != std::string_view::npos;
}

StatusCode CodeOf(int http_status, std::string_view reason) {
  switch (http_status) {
    case 400:
    case 415:
    case 422:
      return StatusCode::kInvalidArgument;
    case 401:
      return StatusCode::kUnauthenticated;
    case 403:
      return StatusCode::kPermissionDenied;
    case 404:
      return StatusCode::kNotFound;
    case 409:
      return reason == "AlreadyExists" ? StatusCode::kAlreadyExists : StatusCode::kAborted;
    case 410:
      return StatusCode::kOutOfRange;
    case 413:
    case 429:
      return StatusCode::kResourceExhausted;
    case 504:
      return reason == "Timeout" ? StatusCode::kDeadlineExceeded : StatusCode::kUnavailable;
    default:
      return http_status >= 500 ? StatusCode::kUnavailable : StatusCode::kUnknown;
  }
}

}  // namespace

Result<Json> Api::SendForJson(const ApiRequest& request) {
  ASSIGN_OR_RETURN(const std::string text, Send(request));
  return ParseJson(request.attempt, text);
}

Result<Json> Api::Get(const Resource& resource, std::string_view name_space,
                      std::string_view name) {
  return SendForJson(GetRequest(resource, name_space, name));
}

Result<Json> Api::List(const Resource& resource, std::string_view name_space, const Query& query) {
  Json whole;
  std::string next;
  do {
    ApiRequest request{.path = Path(resource, name_space),
                       .query = query,
                       .attempt = Attempt("list", resource, name_space, "")};
    request.query.emplace_back("limit", kPageSize);
    if (!next.empty()) request.query.emplace_back("continue", next);
    ASSIGN_OR_RETURN(Json page, SendForJson(request));
    if (!page.is_object()) return DataLossError("cannot {}: no list came back", request.attempt);
    Json& items = page["items"];
    if (items.is_null()) items = Json::array();
    if (!items.is_array()) return DataLossError("cannot {}: no list came back", request.attempt);
    next = GetString(page, {"metadata", "continue"});
    if (whole.is_null()) {
      whole = std::move(page);
      continue;
    }
    for (Json& item : items) whole["items"].push_back(std::move(item));
  } while (!next.empty());
  return whole;
}

Result<Json> Api::Create(const Resource& resource, std::string_view name_space, const Json& object,
                         const Query& query) {
  return SendForJson(CreateRequest(resource, name_space, object, query));
}

Result<Json> Api::Update(const Resource& resource, std::string_view name_space,
                         const Json& object) {
  return SendForJson(UpdateRequest(resource, name_space, object));
}

Result<Json> Api::Patch(const Resource& resource, std::string_view name_space,
                        std::string_view name, PatchType type, const Json& patch,
                        std::string_view subresource, const Query& query) {
  return SendForJson(PatchRequest(resource, name_space, name, type, patch, subresource, query));
}

Status Api::Delete(const Resource& resource, std::string_view name_space, std::string_view name,
                   const DeleteOptions& options) {
  return Send(DeleteRequest(resource, name_space, name, options)).status();
}

ApiRequest GetRequest(const Resource& resource, std::string_view name_space,
                      std::string_view name) {
  return {.path = Path(resource, name_space, name),
          .attempt = Attempt("get", resource, name_space, name)};
}

ApiRequest CreateRequest(const Resource& resource, std::string_view name_space, const Json& object,
                         const Query& query) {
  return {.method = "POST",
          .path = Path(resource, name_space),
          .query = query,
          .body = object.dump(),
          .attempt = Attempt("create", resource, name_space, Name(object))};
}

ApiRequest UpdateRequest(const Resource& resource, std::string_view name_space,
                         const Json& object) {
  return {.method = "PUT",
          .path = Path(resource, name_space, Name(object)),
          .body = object.dump(),
          .attempt = Attempt("update", resource, name_space, Name(object))};
}

ApiRequest PatchRequest(const Resource& resource, std::string_view name_space,
                        std::string_view name, PatchType type, const Json& patch,
                        std::string_view subresource, const Query& query) {
  return {.method = "PATCH",
          .path = Path(resource, name_space, name, subresource),
          .query = query,
          .body = patch.dump(),
          .content_type = std::string(ContentType(type)),
          .attempt = Attempt("patch", resource, name_space, name)};
}

ApiRequest DeleteRequest(const Resource& resource, std::string_view name_space,
                         std::string_view name, const DeleteOptions& options) {
  return {.method = "DELETE",
          .path = Path(resource, name_space, name),
          .body = DeleteBody(options).dump(),
          .attempt = Attempt("delete", resource, name_space, name)};
}

ApiRequest DeleteCollectionRequest(const Resource& resource, std::string_view name_space,
                                   const Query& query, const DeleteOptions& options) {
  return {.method = "DELETE",
          .path = Path(resource, name_space),
          .query = query,
          .body = DeleteBody(options).dump(),
          .attempt = Attempt("delete all", resource, name_space, "")};
}

Status ToStatus(std::string_view attempt, int http_status, std::string_view body) {
  const Json parsed = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  const std::string reason = GetString(parsed, {"reason"});
  std::string message = GetString(parsed, {"message"});
  if (message.empty()) message = fmt::format("HTTP {}: {}", http_status, body.substr(0, 200));
  const StatusCode code = http_status == 403 && IsOfEndingNamespace(parsed, message)
                              ? StatusCode::kFailedPrecondition
                              : CodeOf(http_status, reason);
  return Status(code, fmt::format("cannot {}: {}", attempt, message));
}

}  // namespace trainyard::kube
