#include <grpcpp/server_context.h>

#include "serving/frontends/grpc/limits.h"
#include "serving/frontends/grpc/services.h"
#include "serving/frontends/grpc/status.h"
#include "serving/models/model_config.h"
#include "tensorflow/serving/model_service.grpc.pb.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;

class ModelService final : public api::ModelService::Service {
 public:
  explicit ModelService(Catalogue* models) : models_(*models) {}

  grpc::Status GetModelStatus(grpc::ServerContext* /*context*/,
                              const api::GetModelStatusRequest* request,
                              api::GetModelStatusResponse* response) override {
    return ToGrpcStatus(models_.DescribeVersions(*request, response));
  }

  grpc::Status HandleReloadConfigRequest(grpc::ServerContext* context,
                                         const api::ReloadConfigRequest* request,
                                         api::ReloadConfigResponse* /*response*/) override {
    return ToGrpcStatus(Reload(*request, LimitsOf(*context)));
  }

 private:
  Status Reload(const api::ReloadConfigRequest& request, const RunLimits& limits) {
    ASSIGN_OR_RETURN(const std::vector<ModelSettings> models, ToModelSettings(request.config()));
    return models_.Reload(models, limits);
  }

  Catalogue& models_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeModelService(Catalogue* models) {
  return std::make_unique<ModelService>(models);
}

}  // namespace trainyard::serving
