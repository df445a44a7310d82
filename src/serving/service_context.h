// What every front end works with.
#pragma once

#include <chrono>

#include "serving/access/token_check.h"
#include "serving/in_flight.h"
#include "serving/inference/signature_method.h"
#include "serving/metrics/request_observer.h"
#include "serving/models/catalogue.h"
#include "serving/tensor_proto.h"

namespace trainyard::serving {

// A plain value; what it points to outlives the front ends.
struct ServiceContext {
  Catalogue* models = nullptr;
  InFlight* requests = nullptr;
  const TokenCheck* tokens = nullptr;
  const RequestObserver* observer = nullptr;
  TensorEncoding encoding = TensorEncoding::kTypedFields;
  MethodNames method_names = MethodNames::kIgnored;
  std::chrono::milliseconds max_time{0};  // for one request; 0: as long as the client waits
};

}  // namespace trainyard::serving
