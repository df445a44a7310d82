// What one can ask of an API server: requests, several at once, and streams.
//
// An interface, because it is the seam at which tests stand between a controller and its cluster:
// Client (client.h) is the real one; testing/fake_api.h remembers objects in memory and injects
// faults. Thread-safe. Every call has a deadline.
//
//   ASSIGN_OR_RETURN(Json pod, api.Get(kPods, "team", "mnist-worker-0"));
//   ASSIGN_OR_RETURN(Json made, api.Create(kPods, "team", pod));
//
// Failures carry the code that fits the server's answer, its message with the attempt before it
// (`cannot create pods.v1 team/mnist-worker-0: exceeded quota ...`):
//   InvalidArgument 400, 415, 422   Unauthenticated 401   PermissionDenied 403   NotFound 404
//   AlreadyExists 409 AlreadyExists  Aborted 409 Conflict  OutOfRange 410        DeadlineExceeded
//   ResourceExhausted 413, 429 (after the retries)         Unavailable 5xx, or no connection
//   FailedPrecondition 403 for a create in a namespace that is being deleted
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "kube/object.h"
#include "kube/resource.h"

namespace trainyard::kube {

using Query = std::vector<std::pair<std::string, std::string>>;

// ApiRequest::accept for an answer that has no spec and no status: PartialObjectMetadata.
inline constexpr char kMetadataOnly[] =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

enum class PatchType { kMerge, kApply, kStrategicMerge, kJson };

struct ApiRequest {
  std::string method = "GET";
  std::string path{};  // "/api/v1/namespaces/team/pods", percent-encoded
  Query query{};
  std::string body{};  // JSON text; empty: none
  std::string content_type = "application/json";
  std::string accept = "application/json";
  std::string attempt{};  // for messages: "create pods.v1 team/mnist-worker-0"; empty: method, path
  std::chrono::milliseconds timeout{30'000};
};

// The lines of a response that goes on: watch events, or a log. As net::StreamHandler, but whole
// lines without their ends, and a status other than 2xx comes to `on_end` as a failure.
struct LineHandler {
  std::function<void()> on_open{};                         // the server has answered with 2xx
  std::function<Status(std::string_view line)> on_line{};  // a failure ends the stream with it
  std::function<void(const Status&)> on_end{};
};

// Destroying it ends the stream; no handler runs after that.
class ApiStream {
 public:
  virtual ~ApiStream() = default;
};

struct DeleteOptions {
  std::string uid{};                       // delete only this one; empty: whichever it is
  std::string propagation = "Background";  // Foreground, Background or Orphan
  int grace_seconds = -1;                  // -1: the object's own
};

class Api {
 public:
  virtual ~Api() = default;

  // The answer's text. Retries what may be repeated (see client.h).
  virtual Result<std::string> Send(const ApiRequest& request) = 0;
  // At most `max_in_flight` at the same time; results in the order of the requests.
  virtual std::vector<Result<std::string>> SendAll(std::span<const ApiRequest> requests,
                                                   int max_in_flight) = 0;
  // `idle_timeout`: how long nothing may come. `request.timeout` limits the whole; zero: no limit.
  virtual std::unique_ptr<ApiStream> Open(const ApiRequest& request,
                                          std::chrono::milliseconds idle_timeout,
                                          LineHandler handler) = 0;

  Result<Json> SendForJson(const ApiRequest& request);
  Result<Json> Get(const Resource& resource, std::string_view name_space, std::string_view name);
  // One page after the other, until the whole list is there.
  Result<Json> List(const Resource& resource, std::string_view name_space, const Query& query = {});
  Result<Json> Create(const Resource& resource, std::string_view name_space, const Json& object,
                      const Query& query = {});
  Result<Json> Update(const Resource& resource, std::string_view name_space, const Json& object);
  Result<Json> Patch(const Resource& resource, std::string_view name_space, std::string_view name,
                     PatchType type, const Json& patch, std::string_view subresource = {},
                     const Query& query = {});
  Status Delete(const Resource& resource, std::string_view name_space, std::string_view name,
                const DeleteOptions& options = {});
};

// The requests behind the methods above, for SendAll(). Pure.
ApiRequest GetRequest(const Resource& resource, std::string_view name_space, std::string_view name);
ApiRequest CreateRequest(const Resource& resource, std::string_view name_space, const Json& object,
                         const Query& query = {});
ApiRequest UpdateRequest(const Resource& resource, std::string_view name_space, const Json& object);
ApiRequest PatchRequest(const Resource& resource, std::string_view name_space,
                        std::string_view name, PatchType type, const Json& patch,
                        std::string_view subresource = {}, const Query& query = {});
ApiRequest DeleteRequest(const Resource& resource, std::string_view name_space,
                         std::string_view name, const DeleteOptions& options = {});
ApiRequest DeleteCollectionRequest(const Resource& resource, std::string_view name_space,
                                   const Query& query, const DeleteOptions& options = {});

// The failure that a Status object (or any other body) with this HTTP status stands for.
Status ToStatus(std::string_view attempt, int http_status, std::string_view body);

}  // namespace trainyard::kube
