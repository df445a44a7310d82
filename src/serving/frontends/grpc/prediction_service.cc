#include <grpcpp/server_context.h>

#include "serving/frontends/grpc/limits.h"
#include "serving/frontends/grpc/services.h"
#include "serving/frontends/grpc/status.h"
#include "serving/predict.h"
#include "tensorflow/serving/prediction_service.grpc.pb.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;
using grpc::ServerContext;

class PredictionService final : public api::PredictionService::Service {
 public:
  PredictionService(const Catalogue* models, InFlight* requests, TensorEncoding encoding)
      : models_(*models), requests_(*requests), encoding_(encoding) {}

  grpc::Status Predict(ServerContext* context, const api::PredictRequest* request,
                       api::PredictResponse* response) override {
    const InFlight::Pass pass(&requests_);
    if (!pass) return {grpc::StatusCode::UNAVAILABLE, "the server is stopping"};
    return ToGrpcStatus(AnswerPredict(*context, *request, response));
  }

  grpc::Status GetModelMetadata(ServerContext* /*context*/,
                                const api::GetModelMetadataRequest* request,
                                api::GetModelMetadataResponse* response) override {
    return ToGrpcStatus(AnswerMetadata(*request, response));
  }

  grpc::Status Classify(ServerContext* /*context*/, const api::ClassificationRequest* /*request*/,
                        api::ClassificationResponse* /*response*/) override {
    return NotOffered("tensorflow.serving.PredictionService/Classify");
  }

  grpc::Status Regress(ServerContext* /*context*/, const api::RegressionRequest* /*request*/,
                       api::RegressionResponse* /*response*/) override {
    return NotOffered("tensorflow.serving.PredictionService/Regress");
  }

  grpc::Status MultiInference(ServerContext* /*context*/,
                              const api::MultiInferenceRequest* /*request*/,
                              api::MultiInferenceResponse* /*response*/) override {
    return NotOffered("tensorflow.serving.PredictionService/MultiInference");
  }

 private:
  Status AnswerPredict(const ServerContext& context, const api::PredictRequest& request,
                       api::PredictResponse* response) const {
    if (!request.has_model_spec()) return InvalidArgumentError("Missing ModelSpec");
    ASSIGN_OR_RETURN(const std::shared_ptr<const Servable> servable,
                     models_.Find(request.model_spec()));
    return serving::Predict(*servable, encoding_, request, LimitsOf(context), response);
  }

  Status AnswerMetadata(const api::GetModelMetadataRequest& request,
                        api::GetModelMetadataResponse* response) const {
    if (!request.has_model_spec()) return InvalidArgumentError("Missing ModelSpec");
    RETURN_IF_ERROR(CheckMetadataRequest(request));
    ASSIGN_OR_RETURN(const std::shared_ptr<const Servable> servable,
                     models_.Find(request.model_spec()));
    DescribeModel(*servable, response);
    return OkStatus();
  }

  const Catalogue& models_;
  InFlight& requests_;
  const TensorEncoding encoding_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePredictionService(const Catalogue* models, InFlight* requests,
                                                     TensorEncoding encoding) {
  return std::make_unique<PredictionService>(models, requests, encoding);
}

}  // namespace trainyard::serving
