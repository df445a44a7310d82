// The gRPC services: thin adapters from the generated interfaces to serving's own functions. What
// they are given must outlive them. Thread-safe.
#pragma once

#include <chrono>
#include <memory>

#include "serving/access/token_check.h"
#include "serving/in_flight.h"
#include "serving/models/catalogue.h"
#include "serving/request_observer.h"
#include "serving/signature_method.h"
#include "serving/tensor_proto.h"

namespace grpc {
class Service;
}

namespace trainyard::serving {

// What the services work with; a plain value.
struct ServiceContext {
  Catalogue* models = nullptr;
  InFlight* requests = nullptr;
  const TokenCheck* tokens = nullptr;
  const RequestObserver* observer = nullptr;
  TensorEncoding encoding = TensorEncoding::kTypedFields;
  MethodNames method_names = MethodNames::kIgnored;
  std::chrono::milliseconds max_time{0};  // for one request; 0: as long as the client waits
};

// tensorflow.serving.PredictionService. All but GetModelMetadata count as requests in flight.
std::unique_ptr<grpc::Service> MakePredictionService(const ServiceContext& context);

// tensorflow.serving.ModelService: GetModelStatus and HandleReloadConfigRequest, which waits for
// the new models within the request's deadline.
std::unique_ptr<grpc::Service> MakeModelService(const ServiceContext& context);

}  // namespace trainyard::serving
