// A call that runs one signature of a model: Predict, Classify, Regress. No thread waits for it:
// the one that has read the request decodes it and hands the run over with what is to follow, which
// happens where the run ends.
//
//   gRPC's thread: read, admit, find the version, Method::Begin --> Servable::RunThen
//                                                                       |  at once, or in a batch
//   the thread that ran it:                    answer <-- Method::End <-+
//
// Only a version that may take long and has no batches is run by CallThreads, from Begin on.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "serving/frontends/grpc/answer.h"
#include "serving/frontends/grpc/call.h"
#include "serving/frontends/grpc/exchange.h"
#include "serving/inference/signature_run.h"
#include "serving/run_done.h"

namespace trainyard::serving {

// nullptr if the request has none.
template <class Request>
const ::tensorflow::serving::ModelSpec* SpecOf(const Request& request) {
  return request.has_model_spec() ? &request.model_spec() : nullptr;
}

// Method is a struct of
//   Request, Response: the messages
//   kApi: what it is for the observer
//   static Result<SignatureRun> Begin(const ServiceContext&, const Servable&, const Request&);
//   static Status End(const ServiceContext&, const Servable&, const Request&, const SignatureRun&,
//                     std::span<const tf::Tensor> values, Response*);
template <class Method>
class Inference final : public Exchange<typename Method::Request, typename Method::Response> {
 public:
  using Pointer = std::shared_ptr<Inference>;

  Inference(const ServiceContext& service, grpc::CallbackServerContext* grpc,
            grpc::ByteBuffer* answer)
      : Exchange<typename Method::Request, typename Method::Response>(grpc, answer),
        service_(service),
        grpc_(*grpc) {}

  // Admits the request, once it has been read, and finds what it asks for.
  Status Admit() {
    call_.emplace(service_, grpc_, Method::kApi, SpecOf(this->request()), Admission::kCounted);
    RETURN_IF_ERROR(call_->admission());
    ASSIGN_OR_RETURN(servable_, call_->Find());
    return OkStatus();
  }
  bool returns_at_once() const { return servable_->returns_at_once(); }

  // Runs it, and answers when that has happened.
  static void Run(Pointer self) {
    Inference& inference = *self;
    Result<SignatureRun> run =
        Method::Begin(inference.service_, *inference.servable_, inference.request());
    if (!run.ok()) return Answer(std::move(self), run.status());
    inference.run_ = std::move(*run);
    // For the way back from RunThen; another thread may have answered by then.
    const std::shared_ptr<const Servable> servable = inference.call_->servable();
    servable->RunThen(inference.run_.feeds, inference.run_.fetches, inference.call_->limits(),
                      [self = std::move(self)](RunOutputs values) mutable {
                        const Status status = self->End(std::move(values));
                        Answer(std::move(self), status);
                      });
  }

  static void Answer(Pointer self, Status status) {
    grpc::Status answer = self->call_->End(std::move(status), self->request(), *self->response());
    FinishExchange(std::move(self), std::move(answer));
  }

 private:
  Status End(RunOutputs values) {
    RETURN_IF_ERROR(values.status());
    return Method::End(service_, *servable_, this->request(), run_, *values, this->response());
  }

  const ServiceContext& service_;
  const grpc::CallbackServerContext& grpc_;
  std::optional<Call> call_;
  const Servable* servable_ = nullptr;  // the call's
  SignatureRun run_;
};

template <class Method>
grpc::ServerUnaryReactor* AnswerInference(const ServiceContext& service, CallThreads* threads,
                                          grpc::CallbackServerContext* grpc,
                                          const grpc::ByteBuffer* bytes, grpc::ByteBuffer* answer) {
  using OneInference = Inference<Method>;
  auto inference = std::make_shared<OneInference>(service, grpc, answer);
  grpc::ServerUnaryReactor* const reactor = inference->reactor();
  if (const Status read = inference->Read(*bytes); !read.ok()) {
    FinishExchange(std::move(inference), ToGrpcStatus(read));
  } else if (const Status admitted = inference->Admit(); !admitted.ok()) {
    OneInference::Answer(std::move(inference), admitted);
  } else if (inference->returns_at_once()) {
    OneInference::Run(std::move(inference));
  } else {
    PostExchange(threads, std::move(inference), &OneInference::Run);
  }
  return reactor;
}

}  // namespace trainyard::serving
