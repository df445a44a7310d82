#include <grpcpp/server_context.h>

#include "serving/frontends/grpc/call.h"
#include "serving/frontends/grpc/services.h"
#include "serving/models/model_config.h"
#include "tensorflow/serving/model_service.grpc.pb.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;

class ModelService final : public api::ModelService::Service {
 public:
  explicit ModelService(const ServiceContext& context) : context_(context) {}

  grpc::Status GetModelStatus(grpc::ServerContext* grpc, const api::GetModelStatusRequest* request,
                              api::GetModelStatusResponse* response) override {
    Call call(context_, *grpc, Api::kModelStatus, &request->model_spec(), Admission::kFree);
    return call.End(AnswerStatus(call, *request, response), *request, *response);
  }

  grpc::Status HandleReloadConfigRequest(grpc::ServerContext* grpc,
                                         const api::ReloadConfigRequest* request,
                                         api::ReloadConfigResponse* response) override {
    Call call(context_, *grpc, Api::kReload, nullptr, Admission::kFree);
    return call.End(AnswerReload(&call, *request), *request, *response);
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
};

}  // namespace

std::unique_ptr<grpc::Service> MakeModelService(const ServiceContext& context) {
  return std::make_unique<ModelService>(context);
}

}  // namespace trainyard::serving
