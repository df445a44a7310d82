// A method whose work is done in one go, and which thread does it.
#pragma once

#include <memory>
#include <utility>

#include "serving/frontends/grpc/call_threads.h"
#include "serving/frontends/grpc/exchange.h"

namespace trainyard::serving {

// Answers by `work` in one of the threads; if all are busy, says so. `exchange` is the last
// reference, as it is for `work`.
template <class T, class Work>
void PostExchange(CallThreads* threads, std::shared_ptr<T> exchange, Work work) {
  grpc::ServerUnaryReactor* const reactor = exchange->reactor();
  const bool is_posted =
      threads->Post([exchange = std::move(exchange), work = std::move(work)]() mutable {
        work(std::move(exchange));
      });
  if (is_posted) return;
  reactor->Finish(ToGrpcStatus(ResourceExhaustedError(
      "the server is answering {} requests already, as many as --grpc_max_threads lets it",
      threads->most())));
}

// What one method does. `is_quick(request)`: whether the answer is best made at once, in gRPC's own
// thread, since handing it over and waking another would cost more. `work(request, &response)`
// makes it, and gives the call's status.
template <class Request, class Response, class IsQuick, class Work>
grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                 const grpc::ByteBuffer* bytes, grpc::ByteBuffer* answer,
                                 CallThreads* threads, IsQuick is_quick, Work work) {
  using OneExchange = Exchange<Request, Response>;
  auto exchange = std::make_shared<OneExchange>(context, answer);
  grpc::ServerUnaryReactor* const reactor = exchange->reactor();
  if (const Status read = exchange->Read(*bytes); !read.ok()) {
    FinishExchange(std::move(exchange), ToGrpcStatus(read));
    return reactor;
  }
  const bool is_at_once = is_quick(exchange->request());
  auto end = [work = std::move(work)](std::shared_ptr<OneExchange> one) {
    grpc::Status status = work(one->request(), one->response());
    FinishExchange(std::move(one), std::move(status));
  };
  if (is_at_once) {
    end(std::move(exchange));
  } else {
    PostExchange(threads, std::move(exchange), std::move(end));
  }
  return reactor;
}

}  // namespace trainyard::serving
