// From the bytes of a call to those of its answer, and which thread does it.
//
// Methods are registered raw: gRPC's callback interface would call a message that it cannot read an
// unknown method. Messages live in an arena, which goes with the call.
#pragma once

#include <google/protobuf/arena.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/server_context.h>

#include <memory>
#include <utility>

#include "serving/frontends/grpc/call_threads.h"
#include "serving/frontends/grpc/status.h"

namespace trainyard::serving {

// What one method does. `is_quick(request)`: whether the answer is best made at once, in gRPC's own
// thread, since handing it over and waking another would cost more. `work(request, &response)`
// makes it, and gives the call's status.
template <class Request, class Response, class IsQuick, class Work>
grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                 const grpc::ByteBuffer* bytes, grpc::ByteBuffer* answer,
                                 CallThreads* threads, IsQuick is_quick, Work work) {
  struct Exchange {
    google::protobuf::Arena arena;
    Request* request = google::protobuf::Arena::CreateMessage<Request>(&arena);
    Response* response = google::protobuf::Arena::CreateMessage<Response>(&arena);
  };
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const auto exchange = std::make_shared<Exchange>();
  grpc::ByteBuffer input = *bytes;  // shares the memory; reading empties it
  if (!grpc::SerializationTraits<Request>::Deserialize(&input, exchange->request).ok()) {
    reactor->Finish(ToGrpcStatus(InternalError("the request is not a whole and valid {}",
                                               exchange->request->GetTypeName())));
    return reactor;
  }
  const auto end = [reactor, exchange, answer, work = std::move(work)] {
    grpc::Status status = work(*exchange->request, exchange->response);
    bool is_owned = false;
    if (status.ok()) {
      status =
          grpc::SerializationTraits<Response>::Serialize(*exchange->response, answer, &is_owned);
    }
    reactor->Finish(status);
  };
  if (is_quick(*exchange->request)) {
    end();
  } else if (!threads->Post(end)) {
    reactor->Finish(ToGrpcStatus(ResourceExhaustedError(
        "the server is answering {} requests already, as many as --grpc_max_threads lets it",
        threads->most())));
  }
  return reactor;
}

}  // namespace trainyard::serving
