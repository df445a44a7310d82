// One call of a service from its arrival to its answer: let in or refused, limited in time, and
// told to the observer when it ends. What all services do the same way.
//
//   Call call(context_, *grpc_context, Api::kPredict, request->model_spec(), Admission::kCounted);
//   return call.End(call.admission().ok() ? Answer(...) : call.admission(), *request, *response);
//
// Lives as long as the call has not been answered, in whichever threads. Thread-compatible.
#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/server_context.h>

#include <memory>
#include <optional>
#include <string_view>

#include "serving/frontends/grpc/services.h"
#include "serving/in_flight.h"
#include "serving/metrics/request_record.h"
#include "serving/run_limits.h"
#include "tensorflow/serving/model.pb.h"

namespace trainyard::serving {

// The metadata that tokens come in; "" if there is none. Borrowed from the context.
std::string_view AuthorizationOf(const grpc::ServerContextBase& context);

// Runs of a model are counted as requests in flight, and refused when the server stops or is full;
// questions about it are always answered.
enum class Admission { kCounted, kFree };

class Call {
 public:
  Call(const ServiceContext& service, const grpc::ServerContextBase& grpc, Api api,
       const ::tensorflow::serving::ModelSpec* spec, Admission admission);

  // Why the call is refused: no token or a wrong one, the server stopping or full.
  const Status& admission() const { return admission_; }

  // Looks the model up. On success the call holds on to the version until it ends.
  Result<const Servable*> Find();
  // What Find() found, shared.
  const std::shared_ptr<const Servable>& servable() const { return servable_; }

  // The client's deadline and the server's, whichever is sooner, and whether the client has gone.
  // Valid as long as the call.
  RunLimits limits();

  void set_examples(int64_t examples) { record_.examples = examples; }

  // Tells the observer how it ended. A success that comes after the deadline is DeadlineExceeded.
  grpc::Status End(Status status, const google::protobuf::MessageLite& request,
                   const google::protobuf::MessageLite& response);

 private:
  Status Admit(Admission admission);

  const ServiceContext& service_;
  const grpc::ServerContextBase& grpc_;
  const std::chrono::steady_clock::time_point start_;
  const ::tensorflow::serving::ModelSpec* const spec_;  // nullptr: the request has none
  std::optional<InFlight::Pass> pass_;
  RequestRecord record_;
  std::optional<RunLimits::TimePoint> deadline_;  // as limits() has said
  Status admission_;
  std::shared_ptr<const Servable> servable_;
};

}  // namespace trainyard::serving
