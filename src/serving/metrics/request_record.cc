#include "serving/metrics/request_record.h"

namespace trainyard::serving {

std::string_view ApiName(Api api, Entrypoint entrypoint) {
  const bool grpc = entrypoint == Entrypoint::kGrpc;
  switch (api) {
    case Api::kPredict:
      return grpc ? "Predict" : "predict";
    case Api::kClassify:
      return grpc ? "Classify" : "classify";
    case Api::kRegress:
      return grpc ? "Regress" : "regress";
    case Api::kMultiInference:
      return grpc ? "MultiInference" : "multi_inference";
    case Api::kModelMetadata:
      return grpc ? "GetModelMetadata" : "metadata";
    case Api::kModelStatus:
      return grpc ? "GetModelStatus" : "status";
    case Api::kReload:
      return grpc ? "HandleReloadConfigRequest" : "reload";
  }
  return "";
}

std::string_view EntrypointName(Entrypoint entrypoint) {
  return entrypoint == Entrypoint::kGrpc ? "GRPC" : "REST";
}

}  // namespace trainyard::serving
