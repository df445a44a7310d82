#include <grpcpp/server_context.h>

#include "serving/classify.h"
#include "serving/frontends/grpc/answer.h"
#include "serving/frontends/grpc/call.h"
#include "serving/frontends/grpc/services.h"
#include "serving/inference_proto.h"
#include "serving/multi_inference.h"
#include "serving/predict.h"
#include "serving/regress.h"
#include "tensorflow/serving/prediction_service.grpc.pb.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;
using grpc::ByteBuffer;
using grpc::CallbackServerContext;

// nullptr if the request has none.
template <class Request>
const api::ModelSpec* SpecOf(const Request& request) {
  return request.has_model_spec() ? &request.model_spec() : nullptr;
}

using RawService = api::PredictionService::WithRawCallbackMethod_Predict<
    api::PredictionService::WithRawCallbackMethod_Classify<
        api::PredictionService::WithRawCallbackMethod_Regress<
            api::PredictionService::WithRawCallbackMethod_MultiInference<
                api::PredictionService::WithRawCallbackMethod_GetModelMetadata<
                    api::PredictionService::Service>>>>>;

class PredictionService final : public RawService {
 public:
  PredictionService(const ServiceContext& context, CallThreads* threads)
      : context_(context), threads_(threads) {}

  grpc::ServerUnaryReactor* Predict(CallbackServerContext* grpc, const ByteBuffer* bytes,
                                    ByteBuffer* answer) override {
    return Answer<api::PredictRequest, api::PredictResponse>(
        grpc, bytes, answer, threads_,
        [this](const auto& request) { return IsQuick(SpecOf(request)); },
        [this, grpc](const auto& request, auto* response) {
          Call call(context_, *grpc, Api::kPredict, SpecOf(request), Admission::kCounted);
          return call.End(AnswerPredict(&call, request, response), request, *response);
        });
  }

  grpc::ServerUnaryReactor* Classify(CallbackServerContext* grpc, const ByteBuffer* bytes,
                                     ByteBuffer* answer) override {
    return Answer<api::ClassificationRequest, api::ClassificationResponse>(
        grpc, bytes, answer, threads_,
        [this](const auto& request) { return IsQuick(SpecOf(request)); },
        [this, grpc](const auto& request, auto* response) {
          Call call(context_, *grpc, Api::kClassify, SpecOf(request), Admission::kCounted);
          return call.End(AnswerClassify(&call, request, response), request, *response);
        });
  }

  grpc::ServerUnaryReactor* Regress(CallbackServerContext* grpc, const ByteBuffer* bytes,
                                    ByteBuffer* answer) override {
    return Answer<api::RegressionRequest, api::RegressionResponse>(
        grpc, bytes, answer, threads_,
        [this](const auto& request) { return IsQuick(SpecOf(request)); },
        [this, grpc](const auto& request, auto* response) {
          Call call(context_, *grpc, Api::kRegress, SpecOf(request), Admission::kCounted);
          return call.End(AnswerRegress(&call, request, response), request, *response);
        });
  }

  grpc::ServerUnaryReactor* MultiInference(CallbackServerContext* grpc, const ByteBuffer* bytes,
                                           ByteBuffer* answer) override {
    return Answer<api::MultiInferenceRequest, api::MultiInferenceResponse>(
        grpc, bytes, answer, threads_,
        [this](const auto& request) { return IsQuick(ModelOf(request)); },
        [this, grpc](const auto& request, auto* response) {
          Call call(context_, *grpc, Api::kMultiInference, ModelOf(request), Admission::kCounted);
          return call.End(AnswerMultiInference(&call, request, response), request, *response);
        });
  }

  grpc::ServerUnaryReactor* GetModelMetadata(CallbackServerContext* grpc, const ByteBuffer* bytes,
                                             ByteBuffer* answer) override {
    return Answer<api::GetModelMetadataRequest, api::GetModelMetadataResponse>(
        grpc, bytes, answer, threads_, [](const auto& /*request*/) { return true; },
        [this, grpc](const auto& request, auto* response) {
          Call call(context_, *grpc, Api::kModelMetadata, SpecOf(request), Admission::kFree);
          return call.End(AnswerMetadata(&call, request, response), request, *response);
        });
  }

 private:
  // Whether the answer takes no longer than a moment: an error, or a model that is known for it.
  bool IsQuick(const api::ModelSpec* spec) const {
    if (spec == nullptr) return true;
    const auto servable = context_.models->Find(*spec);
    return !servable.ok() || (*servable)->is_quick();
  }

  Status AnswerPredict(Call* call, const api::PredictRequest& request,
                       api::PredictResponse* response) const {
    RETURN_IF_ERROR(call->admission());
    ASSIGN_OR_RETURN(const Servable* servable, call->Find());
    return serving::Predict(*servable, context_.encoding, context_.method_names, request,
                            call->limits(), response);
  }

  Status AnswerClassify(Call* call, const api::ClassificationRequest& request,
                        api::ClassificationResponse* response) const {
    RETURN_IF_ERROR(call->admission());
    ASSIGN_OR_RETURN(const Servable* servable, call->Find());
    ASSIGN_OR_RETURN(
        const ClassifyResult result,
        serving::Classify(*servable, request.model_spec().signature_name(),
                          ExamplesOf(request.input()), context_.method_names, call->limits()));
    ToProto(result, response->mutable_result());
    FillModelSpec(servable->id(), request.model_spec(), response->mutable_model_spec());
    return OkStatus();
  }

  Status AnswerRegress(Call* call, const api::RegressionRequest& request,
                       api::RegressionResponse* response) const {
    RETURN_IF_ERROR(call->admission());
    ASSIGN_OR_RETURN(const Servable* servable, call->Find());
    ASSIGN_OR_RETURN(
        const std::vector<float> values,
        serving::Regress(*servable, request.model_spec().signature_name(),
                         ExamplesOf(request.input()), context_.method_names, call->limits()));
    ToProto(values, response->mutable_result());
    FillModelSpec(servable->id(), request.model_spec(), response->mutable_model_spec());
    return OkStatus();
  }

  Status AnswerMultiInference(Call* call, const api::MultiInferenceRequest& request,
                              api::MultiInferenceResponse* response) const {
    RETURN_IF_ERROR(call->admission());
    ASSIGN_OR_RETURN(const Servable* servable, call->Find());
    call->set_examples(static_cast<int64_t>(ExamplesOf(request.input()).serialized.size()));
    return serving::MultiInference(*servable, request, context_.method_names, call->limits(),
                                   response);
  }

  Status AnswerMetadata(Call* call, const api::GetModelMetadataRequest& request,
                        api::GetModelMetadataResponse* response) const {
    RETURN_IF_ERROR(call->admission());
    if (!request.has_model_spec()) return InvalidArgumentError("Missing ModelSpec");
    RETURN_IF_ERROR(CheckMetadataRequest(request));
    ASSIGN_OR_RETURN(const Servable* servable, call->Find());
    DescribeModel(*servable, response);
    return OkStatus();
  }

  const ServiceContext context_;
  CallThreads* const threads_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePredictionService(const ServiceContext& context,
                                                     CallThreads* threads) {
  return std::make_unique<PredictionService>(context, threads);
}

}  // namespace trainyard::serving
