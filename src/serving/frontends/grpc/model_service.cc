#include <grpcpp/server_context.h>

#include "serving/frontends/grpc/services.h"
#include "serving/frontends/grpc/status.h"
#include "tensorflow/serving/model_service.grpc.pb.h"

namespace trainyard::serving {
namespace {

namespace api = ::tensorflow::serving;

class ModelService final : public api::ModelService::Service {
 public:
  explicit ModelService(const Catalogue* models) : models_(*models) {}

  grpc::Status GetModelStatus(grpc::ServerContext* /*context*/,
                              const api::GetModelStatusRequest* request,
                              api::GetModelStatusResponse* response) override {
    return ToGrpcStatus(models_.DescribeVersions(*request, response));
  }

  grpc::Status HandleReloadConfigRequest(grpc::ServerContext* /*context*/,
                                         const api::ReloadConfigRequest* /*request*/,
                                         api::ReloadConfigResponse* /*response*/) override {
    return NotOffered("tensorflow.serving.ModelService/HandleReloadConfigRequest");
  }

 private:
  const Catalogue& models_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeModelService(const Catalogue* models) {
  return std::make_unique<ModelService>(models);
}

}  // namespace trainyard::serving
