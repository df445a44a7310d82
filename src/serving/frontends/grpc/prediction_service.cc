#include <grpcpp/server_context.h>

#include "serving/frontends/grpc/answer.h"
#include "serving/frontends/grpc/call.h"
#include "serving/frontends/grpc/inference.h"
#include "serving/frontends/grpc/services.h"
#include "serving/inference/classify.h"
#include "serving/inference/inference_proto.h"
#include "serving/inference/multi_inference.h"
#include "serving/inference/predict.h"
#include "serving/inference/regress.h"
#include "tensorflow/serving/prediction_service.grpc.pb.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;
using grpc::ByteBuffer;
using grpc::CallbackServerContext;

struct PredictMethod {
  using Request = api::PredictRequest;
  using Response = api::PredictResponse;
  static constexpr Api kApi = Api::kPredict;

  static Result<SignatureRun> Begin(const ServiceContext& service, const Servable& servable,
                                    const Request& request) {
    return BeginPredict(servable, service.method_names, request);
  }
  static Status End(const ServiceContext& service, const Servable& servable, const Request& request,
                    const SignatureRun& run, std::span<const tf::Tensor> values,
                    Response* response) {
    return EndPredict(servable, service.encoding, request, run, values, response);
  }
};

struct ClassifyMethod {
  using Request = api::ClassificationRequest;
  using Response = api::ClassificationResponse;
  static constexpr Api kApi = Api::kClassify;

  static Result<SignatureRun> Begin(const ServiceContext& service, const Servable& servable,
                                    const Request& request) {
    return BeginClassify(servable, request.model_spec().signature_name(),
                         ExamplesOf(request.input()), service.method_names);
  }
  static Status End(const ServiceContext& /*service*/, const Servable& servable,
                    const Request& request, const SignatureRun& run,
                    std::span<const tf::Tensor> values, Response* response) {
    ASSIGN_OR_RETURN(const ClassifyResult result, EndClassify(run, values));
    ToProto(result, response->mutable_result());
    FillModelSpec(servable.id(), request.model_spec(), response->mutable_model_spec());
    return OkStatus();
  }
};

struct RegressMethod {
  using Request = api::RegressionRequest;
  using Response = api::RegressionResponse;
  static constexpr Api kApi = Api::kRegress;

  static Result<SignatureRun> Begin(const ServiceContext& service, const Servable& servable,
                                    const Request& request) {
    return BeginRegress(servable, request.model_spec().signature_name(),
                        ExamplesOf(request.input()), service.method_names);
  }
  static Status End(const ServiceContext& /*service*/, const Servable& servable,
                    const Request& request, const SignatureRun& run,
                    std::span<const tf::Tensor> values, Response* response) {
    ASSIGN_OR_RETURN(const std::vector<float> result, EndRegress(run, values));
    ToProto(result, response->mutable_result());
    FillModelSpec(servable.id(), request.model_spec(), response->mutable_model_spec());
    return OkStatus();
  }
};

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
    return AnswerInference<PredictMethod>(context_, threads_, grpc, bytes, answer);
  }

  grpc::ServerUnaryReactor* Classify(CallbackServerContext* grpc, const ByteBuffer* bytes,
                                     ByteBuffer* answer) override {
    return AnswerInference<ClassifyMethod>(context_, threads_, grpc, bytes, answer);
  }

  grpc::ServerUnaryReactor* Regress(CallbackServerContext* grpc, const ByteBuffer* bytes,
                                    ByteBuffer* answer) override {
    return AnswerInference<RegressMethod>(context_, threads_, grpc, bytes, answer);
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
