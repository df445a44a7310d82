#include "operator/manager.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <utility>

#include "base/log.h"
#include "kube/event_recorder.h"
#include "kube/timer_queue.h"
#include "net/http_server.h"
#include "operator/names.h"

namespace trainyard::operators {
namespace {

constexpr char kDefaultLease[] = "trainyard-operator";

// Signals that end the operator, taken by one thread instead of by handlers.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    signal(SIGPIPE, SIG_IGN);
  }

  int Wait() const {
    int number = 0;
    while (sigwait(&signals_, &number) != 0) {
    }
    return number;
  }

 private:
  sigset_t signals_;
};

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

// Unique among all processes that may want the lease, those on the same host included.
std::string Identity() {
  std::random_device random;
  return fmt::format("{}_{:08x}{:08x}", HostName(), random(), random());
}

class Manager {
 public:
  explicit Manager(ManagerOptions options)
      : options_(std::move(options)), metrics_(Metrics::Create()) {}

  Status Start() {
    ASSIGN_OR_RETURN(const kube::Config config, kube::LoadConfig(options_.cluster));
    options_.client.on_request = [this](std::string_view method, std::string_view host, int code,
                                        double seconds) {
      metrics_->CountRequest(method, host, code, seconds);
    };
    ASSIGN_OR_RETURN(client_, kube::Client::Create(config, options_.client));
    timers_ = kube::TimerQueue::Start();
    events_ = kube::EventRecorder::Start(
        client_.get(),
        {.controller = std::string(kOperatorName), .instance = HostName(), .join = JoinNotes});
    metrics_->SetGauges({.queue_depth = [this] { return QueueDepth(); },
                         .jobs = [this](const auto& tell) { CountJobs(tell); }});
    RETURN_IF_ERROR(StartServers());
    LogInfo("working on TFJobs of {} at {}", Namespaces(), config.server);
    if (options_.leader_elect) {
      StartElection(config);
    } else {
      Lead();
    }
    return OkStatus();
  }

  // Work ends first, then the lease is given back, then the last events are written.
  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    std::unique_ptr<Controller> controller = TakeController();
    controller.reset();
    election_.reset();
    servers_.clear();
    events_.reset();
    timers_.reset();
  }

 private:
  std::string Namespaces() const {
    if (options_.controller.namespaces.empty()) return "all namespaces";
    return fmt::format("namespace {}", fmt::join(options_.controller.namespaces, ", "));
  }

  void StartElection(const kube::Config& config) {
    kube::LeaderElectionOptions election = options_.election;
    if (election.name.empty()) election.name = kDefaultLease;
    if (election.name_space.empty()) election.name_space = config.name_space;
    election.identity = Identity();
    election.on_started = [this] {
      LogInfo("this process leads");
      metrics_->SetLeader(true);
      Lead();
    };
    election.on_lost = [] {
      LogError("the lease is lost; another process may lead, so this one ends");
      _exit(1);
    };
    election.on_new_leader = [](const std::string& identity) {
      LogInfo("the leader is {}", identity);
    };
    election_ = kube::LeaderElection::Start(client_.get(), std::move(election));
  }

  void Lead() {
    const std::lock_guard lock(mutex_);
    if (is_stopping_ || controller_ != nullptr) return;
    controller_ = Controller::Start(client_.get(), timers_.get(), events_.get(), metrics_.get(),
                                    options_.controller);
  }

  std::unique_ptr<Controller> TakeController() {
    const std::lock_guard lock(mutex_);
    return std::move(controller_);
  }

  size_t QueueDepth() {
    const std::lock_guard lock(mutex_);
    return controller_ == nullptr ? 0 : controller_->queue_depth();
  }

  void CountJobs(const std::function<void(std::string_view, size_t)>& tell) {
    std::map<std::string_view, size_t> counts;
    {
      const std::lock_guard lock(mutex_);
      if (controller_ == nullptr) return;
      for (const auto& job : controller_->Jobs()) {
        ++counts[job->state ? job::ConditionTypeName(*job->state) : "New"];
      }
    }
    for (const auto& [state, jobs] : counts) tell(state, jobs);
  }

  // One that waits for its turn is ready, too.
  bool IsReady() {
    const std::lock_guard lock(mutex_);
    return controller_ == nullptr ? options_.leader_elect : controller_->is_synced();
  }

  Status StartServers() {
    RETURN_IF_ERROR(StartServer("metrics", options_.metrics_address,
                                [this](const net::HttpQuestion& question) -> net::HttpAnswer {
                                  if (question.path != "/metrics") return {.status = 404};
                                  return {
                                      .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                      .body = metrics_->Page()};
                                }));
    return StartServer("health", options_.health_address,
                       [this](const net::HttpQuestion& question) -> net::HttpAnswer {
                         if (question.path == "/healthz") return {.body = "ok\n"};
                         if (question.path != "/readyz") return {.status = 404};
                         if (IsReady()) return {.body = "ok\n"};
                         return {.status = 503, .body = "the cluster has not been read yet\n"};
                       });
  }

  Status StartServer(std::string_view what, const std::string& address, net::HttpHandler handler) {
    if (address.empty() || address == "0") return OkStatus();
    auto server = net::HttpServer::Start({.address = address}, std::move(handler));
    if (!server.ok()) return server.error().WithContext(fmt::format("cannot show {}", what));
    LogInfo("{} at port {} of {}", what, (*server)->port(), address);
    servers_.push_back(std::move(*server));
    return OkStatus();
  }

  ManagerOptions options_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<kube::Client> client_;
  std::unique_ptr<kube::TimerQueue> timers_;
  std::unique_ptr<kube::EventRecorder> events_;

  std::mutex mutex_;
  bool is_stopping_ = false;                // guarded by mutex_
  std::unique_ptr<Controller> controller_;  // guarded by mutex_; null: another leads

  std::unique_ptr<kube::LeaderElection> election_;
  std::vector<std::unique_ptr<net::HttpServer>> servers_;
};

}  // namespace

Status RunOperator(ManagerOptions options) {
  const StopSignals signals;
  Manager manager(std::move(options));
  const Status status = manager.Start();
  if (status.ok()) {
    LogInfo("stopping after {}", strsignal(signals.Wait()));
  }
  manager.Stop();
  return status;
}

}  // namespace trainyard::operators
