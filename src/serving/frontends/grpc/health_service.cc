#include <grpcpp/server_context.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

#include "grpc/health/v1/health.grpc.pb.h"
#include "serving/frontends/grpc/status.h"
#include "serving/frontends/grpc/stream_service.h"

namespace trainyard::serving {
namespace {

namespace api = ::grpc::health::v1;
using api::HealthCheckResponse;

constexpr std::chrono::milliseconds kLookInterval{100};

// TensorFlow Serving registers the short names; the health protocol asks for the full ones.
constexpr std::array<std::string_view, 5> kNames = {"", "tensorflow.serving.PredictionService",
                                                    "tensorflow.serving.ModelService",
                                                    "PredictionService", "ModelService"};

bool IsKnown(const std::string& name) {
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

HealthCheckResponse::ServingStatus ToStatus(bool is_serving) {
  return is_serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

class HealthService;

// One open Watch. Every function but the reactions is called with the service's lock held.
class Watcher final : public grpc::ServerWriteReactor<HealthCheckResponse> {
 public:
  Watcher(HealthService* service, bool known) : service_(*service), known_(known) {}

  bool is_known() const { return known_; }
  void Tell(HealthCheckResponse::ServingStatus status);
  void End(const grpc::Status& status);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  HealthService& service_;
  const bool known_;
  bool writing_ = false;
  bool ended_ = false;
  HealthCheckResponse::ServingStatus wanted_ = HealthCheckResponse::UNKNOWN;
  HealthCheckResponse told_;  // UNKNOWN: nothing yet
};

class HealthService final : public StreamService, public api::Health::CallbackService {
 public:
  explicit HealthService(std::function<bool()> is_serving)
      : is_serving_(std::move(is_serving)),
        teller_([this](const std::stop_token& stop) { Run(stop); }) {}

  grpc::Service* service() override { return this; }

  void EndStreams() override {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (Watcher* watcher : watchers_) {
      watcher->Tell(ToStatus(false));
      watcher->End(Stopping());
    }
  }

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const api::HealthCheckRequest* request,
                                  HealthCheckResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    if (IsKnown(request->service())) {
      response->set_status(ToStatus(is_serving_()));
      reactor->Finish(grpc::Status::OK);
    } else {
      reactor->Finish(ToGrpcStatus(NotFoundError("unknown service {}", request->service())));
    }
    return reactor;
  }

  grpc::ServerWriteReactor<HealthCheckResponse>* Watch(
      grpc::CallbackServerContext* /*context*/, const api::HealthCheckRequest* request) override {
    const bool is_serving = is_serving_();
    const std::lock_guard lock(mutex_);
    auto* watcher = new Watcher(this, IsKnown(request->service()));  // deletes itself: OnDone
    watchers_.insert(watcher);
    if (closed_) {
      watcher->End(Stopping());
    } else if (watchers_.size() > kMaxWatchers) {
      watcher->End(ToGrpcStatus(
          ResourceExhaustedError("{} clients watch this server's health already", kMaxWatchers)));
    } else {
      watcher->Tell(watcher->is_known() ? ToStatus(is_serving)
                                        : HealthCheckResponse::SERVICE_UNKNOWN);
      arrived_.notify_one();
    }
    return watcher;
  }

 private:
  friend class Watcher;

  static grpc::Status Stopping() {
    return ToGrpcStatus(UnavailableError("the server is stopping"));
  }

  // Looks at the state while somebody watches.
  void Run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (true) {
      arrived_.wait(lock, stop, [this] { return !watchers_.empty(); });
      if (stop.stop_requested()) return;
      arrived_.wait_for(lock, stop, kLookInterval, [] { return false; });
      lock.unlock();
      const bool is_serving = is_serving_();
      lock.lock();
      for (Watcher* watcher : watchers_) {
        if (watcher->is_known()) watcher->Tell(ToStatus(is_serving));
      }
    }
  }

  const std::function<bool()> is_serving_;

  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::set<Watcher*> watchers_;  // guarded by mutex_
  bool closed_ = false;          // guarded by mutex_

  std::jthread teller_;  // last: stops before anything above goes
};

void Watcher::Tell(HealthCheckResponse::ServingStatus status) {
  wanted_ = status;
  if (ended_ || writing_ || told_.status() == wanted_) return;
  told_.set_status(wanted_);
  writing_ = true;
  StartWrite(&told_);
}

void Watcher::End(const grpc::Status& status) {
  if (std::exchange(ended_, true)) return;
  Finish(status);
}

void Watcher::OnWriteDone(bool ok) {
  const std::lock_guard lock(service_.mutex_);
  writing_ = false;
  if (ok) {
    Tell(wanted_);
  } else {
    End(grpc::Status::CANCELLED);
  }
}

void Watcher::OnCancel() {
  const std::lock_guard lock(service_.mutex_);
  End(grpc::Status::CANCELLED);
}

void Watcher::OnDone() {
  {
    const std::lock_guard lock(service_.mutex_);
    service_.watchers_.erase(this);
  }
  delete this;
}

}  // namespace

std::unique_ptr<StreamService> MakeHealthService(std::function<bool()> is_serving) {
  return std::make_unique<HealthService>(std::move(is_serving));
}

}  // namespace trainyard::serving
