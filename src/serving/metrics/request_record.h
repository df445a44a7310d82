// What is remembered about one request when it has been answered: for the metrics and the access
// log. Filled in by the front end that had it.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "base/status.h"

namespace trainyard::serving {

class Servable;

enum class Api {
  kPredict,
  kClassify,
  kRegress,
  kMultiInference,
  kModelMetadata,
  kModelStatus,
  kReload
};
enum class Entrypoint { kGrpc, kRest };

inline constexpr size_t kApis = 7;
inline constexpr size_t kEntrypoints = 2;
inline constexpr size_t kStatusCodes = 17;

// "Predict", ...: as TensorFlow Serving's metrics name them on gRPC; on REST they are lower case.
std::string_view ApiName(Api api, Entrypoint entrypoint);
std::string_view EntrypointName(Entrypoint entrypoint);  // "GRPC", "REST"

// A plain value. What it borrows must live until it has been observed.
struct RequestRecord {
  Api api = Api::kPredict;
  Entrypoint entrypoint = Entrypoint::kGrpc;
  std::string_view model{};            // as asked for: any bytes
  std::string_view signature{};        // as asked for; "" for "serving_default"
  const Servable* servable = nullptr;  // who answered; nullptr if the request did not get so far
  StatusCode code = StatusCode::kOk;
  std::chrono::nanoseconds took{0};     // from its arrival to its answer
  std::chrono::nanoseconds running{0};  // of that, in the model
  int64_t examples = 0;                 // of MultiInference: how many there were
  int64_t request_bytes = 0;            // of the message or body
  int64_t response_bytes = 0;
  std::string_view peer{};  // who asked
};

}  // namespace trainyard::serving
