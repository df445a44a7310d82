// The gRPC services: thin adapters from the generated interfaces to serving/predict.h and
// serving/models/catalogue.h. What they are given must outlive them. Thread-safe.
#pragma once

#include <memory>

#include "serving/in_flight.h"
#include "serving/models/catalogue.h"
#include "serving/tensor_proto.h"

namespace grpc {
class Service;
}

namespace trainyard::serving {

// tensorflow.serving.PredictionService: Predict and GetModelMetadata. Classify, Regress and
// MultiInference answer UNIMPLEMENTED with their name. Predict counts as a request in flight.
std::unique_ptr<grpc::Service> MakePredictionService(const Catalogue* models, InFlight* requests,
                                                     TensorEncoding encoding);

// tensorflow.serving.ModelService: GetModelStatus and HandleReloadConfigRequest, which waits for
// the new models within the request's deadline.
std::unique_ptr<grpc::Service> MakeModelService(Catalogue* models);

// grpc.health.v1.Health: SERVING exactly while every model has a version that answers, for the
// whole server ("") and for the two services above, with and without their package name.
std::unique_ptr<grpc::Service> MakeHealthService(const Catalogue* models);

}  // namespace trainyard::serving
