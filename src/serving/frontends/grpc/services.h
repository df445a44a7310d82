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

}  // namespace trainyard::serving
