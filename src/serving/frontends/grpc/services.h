// The gRPC services: thin adapters from the generated interfaces to serving's own functions. What
// they are given must outlive them. Thread-safe.
#pragma once

#include <memory>

#include "serving/service_context.h"

namespace grpc {
class Service;
}

namespace trainyard::serving {

class CallThreads;

// tensorflow.serving.PredictionService. All but GetModelMetadata count as requests in flight. Calls
// of models that take no longer than a moment are answered by gRPC's own threads, others by
// `threads`.
std::unique_ptr<grpc::Service> MakePredictionService(const ServiceContext& context,
                                                     CallThreads* threads);

// tensorflow.serving.ModelService: GetModelStatus and HandleReloadConfigRequest, which waits for
// the new models within the request's deadline.
std::unique_ptr<grpc::Service> MakeModelService(const ServiceContext& context,
                                                CallThreads* threads);

}  // namespace trainyard::serving
