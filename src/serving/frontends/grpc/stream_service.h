// Services whose calls may stay open: they are answered by gRPC's callbacks, so that a client that
// only listens holds no thread, and can be told to end before the server stops.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace grpc {
class Service;
}

namespace trainyard::serving {

class TokenCheck;

// Owned by the front end; outlives the gRPC server it is registered with. Thread-safe.
class StreamService {
 public:
  virtual ~StreamService() = default;
  virtual grpc::Service* service() = 0;
  // Ends the calls that are open, and those that come from now on.
  virtual void EndStreams() = 0;
};

// grpc.health.v1.Health, for the whole server ("") and for tensorflow.serving.PredictionService and
// ModelService, with and without their package name. SERVING while `is_serving` says so; watchers
// are told of a change within 0.1 s. At most kMaxWatchers watch at a time; more are refused as
// RESOURCE_EXHAUSTED.
inline constexpr size_t kMaxWatchers = 1000;
std::unique_ptr<StreamService> MakeHealthService(std::function<bool()> is_serving);

// grpc.reflection.v1.ServerReflection and the same as v1alpha, for clients such as grpcurl: the
// definitions of `services` and of all that they use. Two services, as their names differ. Asks for
// a token where other calls do. At most 100 streams at a time.
std::vector<std::unique_ptr<StreamService>> MakeReflectionServices(
    const std::vector<std::string>& services, const TokenCheck* tokens);

}  // namespace trainyard::serving
