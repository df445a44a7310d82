// One call from the bytes of its request to those of its answer.
//
// Methods are registered raw: gRPC's callback interface would call a message that it cannot read an
// unknown method. Messages live in an arena, which goes with the call.
#pragma once

#include <google/protobuf/arena.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/server_context.h>

#include <memory>
#include <utility>

#include "serving/frontends/grpc/status.h"

namespace trainyard::serving {

// Lives from the call's arrival until it is answered, by FinishExchange. For one thread at a time.
template <class Request, class Response>
class Exchange {
 public:
  // `answer` is where gRPC looks for the answer's bytes.
  Exchange(grpc::CallbackServerContext* context, grpc::ByteBuffer* answer)
      : reactor_(context->DefaultReactor()), answer_(answer) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Internal if the bytes are no request.
  Status Read(grpc::ByteBuffer bytes) {  // shares the memory; reading empties it
    if (grpc::SerializationTraits<Request>::Deserialize(&bytes, request_).ok()) return OkStatus();
    return InternalError("the request is not a whole and valid {}", request_->GetTypeName());
  }
  grpc::Status Write() {
    bool is_owned = false;
    return grpc::SerializationTraits<Response>::Serialize(*response_, answer_, &is_owned);
  }

  const Request& request() const { return *request_; }
  Response* response() { return response_; }
  grpc::ServerUnaryReactor* reactor() const { return reactor_; }

 private:
  google::protobuf::Arena arena_;
  Request* const request_ = google::protobuf::Arena::CreateMessage<Request>(&arena_);
  Response* const response_ = google::protobuf::Arena::CreateMessage<Response>(&arena_);
  grpc::ServerUnaryReactor* const reactor_;
  grpc::ByteBuffer* const answer_;
};

// Answers with the response, or the status if that is none. Given the last reference, so that all
// that belongs to the call is gone before the client knows, and before gRPC can be done stopping.
template <class T>
void FinishExchange(std::shared_ptr<T> exchange, grpc::Status status) {
  if (status.ok()) status = exchange->Write();
  grpc::ServerUnaryReactor* const reactor = exchange->reactor();
  exchange.reset();
  reactor->Finish(std::move(status));
}

}  // namespace trainyard::serving
