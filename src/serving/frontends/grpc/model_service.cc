#include <grpcpp/server_context.h>

#include "serving/frontends/grpc/answer.h"
#include "serving/frontends/grpc/call.h"
#include "serving/frontends/grpc/services.h"
#include "serving/models/model_config.h"
#include "tensorflow/serving/model_service.grpc.pb.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;

using grpc::ByteBuffer;
using grpc::CallbackServerContext;

using RawService = api::ModelService::WithRawCallbackMethod_GetModelStatus<
    api::ModelService::WithRawCallbackMethod_HandleReloadConfigRequest<api::ModelService::Service>>;

class ModelService final : public RawService {
 public:
  ModelService(const ServiceContext& context, CallThreads* threads)
      : context_(context), threads_(threads) {}

  grpc::ServerUnaryReactor* GetModelStatus(CallbackServerContext* grpc, const ByteBuffer* bytes,
                                           ByteBuffer* answer) override {
    return Answer<api::GetModelStatusRequest, api::GetModelStatusResponse>(
        grpc, bytes, answer, threads_, [](const auto& /*request*/) { return true; },
        [this, grpc](const auto& request, auto* response) {
          Call call(context_, *grpc, Api::kModelStatus, &request.model_spec(), Admission::kFree);
          return call.End(AnswerStatus(call, request, response), request, *response);
        });
  }

  // Waits for models to be loaded.
  grpc::ServerUnaryReactor* HandleReloadConfigRequest(CallbackServerContext* grpc,
                                                      const ByteBuffer* bytes,
                                                      ByteBuffer* answer) override {
    return Answer<api::ReloadConfigRequest, api::ReloadConfigResponse>(
        grpc, bytes, answer, threads_, [](const auto& /*request*/) { return false; },
        [this, grpc](const auto& request, auto* response) {
          Call call(context_, *grpc, Api::kReload, nullptr, Admission::kFree);
          return call.End(AnswerReload(&call, request), request, *response);
        });
  }

 private:
  Status AnswerStatus(const Call& call, const api::GetModelStatusRequest& request,
                      api::GetModelStatusResponse* response) const {
    RETURN_IF_ERROR(call.admission());
    return context_.models->DescribeVersions(request, response);
  }

  Status AnswerReload(Call* call, const api::ReloadConfigRequest& request) const {
    RETURN_IF_ERROR(call->admission());
    ASSIGN_OR_RETURN(const std::vector<ModelSettings> models, ToModelSettings(request.config()));
    RunLimits limits = call->limits();
    limits.running = nullptr;
    return context_.models->Reload(models, limits);
  }

  const ServiceContext context_;
  CallThreads* const threads_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeModelService(const ServiceContext& context,
                                                CallThreads* threads) {
  return std::make_unique<ModelService>(context, threads);
}

}  // namespace trainyard::serving
