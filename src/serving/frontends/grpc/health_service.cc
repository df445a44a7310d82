#include <grpcpp/server_context.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "grpc/health/v1/health.grpc.pb.h"
#include "serving/frontends/grpc/services.h"
#include "serving/frontends/grpc/status.h"

namespace trainyard::serving {
namespace {

namespace api = ::grpc::health::v1;

// TensorFlow Serving registers the short names; the health protocol asks for the full ones.
constexpr std::array<std::string_view, 5> kNames = {"", "tensorflow.serving.PredictionService",
                                                    "tensorflow.serving.ModelService",
                                                    "PredictionService", "ModelService"};

class HealthService final : public api::Health::Service {
 public:
  explicit HealthService(const Catalogue* models) : models_(*models) {}

  grpc::Status Check(grpc::ServerContext* /*context*/, const api::HealthCheckRequest* request,
                     api::HealthCheckResponse* response) override {
    if (std::find(kNames.begin(), kNames.end(), request->service()) == kNames.end()) {
      return ToGrpcStatus(NotFoundError("unknown service {}", request->service()));
    }
    response->set_status(models_.is_ready() ? api::HealthCheckResponse::SERVING
                                            : api::HealthCheckResponse::NOT_SERVING);
    return grpc::Status::OK;
  }

  // A watcher would hold one of the server's threads for as long as it likes.
  grpc::Status Watch(grpc::ServerContext* /*context*/, const api::HealthCheckRequest* /*request*/,
                     grpc::ServerWriter<api::HealthCheckResponse>* /*writer*/) override {
    return NotOffered("grpc.health.v1.Health/Watch");
  }

 private:
  const Catalogue& models_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeHealthService(const Catalogue* models) {
  return std::make_unique<HealthService>(models);
}

}  // namespace trainyard::serving
