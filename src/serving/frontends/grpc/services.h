// The gRPC services: thin adapters from the generated interfaces to serving's own functions. What
// they are given must outlive them. Thread-safe.
#pragma once

#include <memory>

#include "serving/service_context.h"

namespace grpc {
class Service;
}

namespace trainyard::serving {

// tensorflow.serving.PredictionService. All but GetModelMetadata count as requests in flight.
std::unique_ptr<grpc::Service> MakePredictionService(const ServiceContext& context);

// tensorflow.serving.ModelService: GetModelStatus and HandleReloadConfigRequest, which waits for
// the new models within the request's deadline.
std::unique_ptr<grpc::Service> MakeModelService(const ServiceContext& context);

// grpc.health.v1.Health: SERVING exactly while every model has a version that answers, for the
// whole server ("") and for the two services above, with and without their package name.
std::unique_ptr<grpc::Service> MakeHealthService(const Catalogue* models);

}  // namespace trainyard::serving
