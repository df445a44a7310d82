// The controller at work: cache, work queue and workers around a Reconciler.
//
// Owned by whoever leads (manager.h). Starts its threads in Start(), stops them in the destructor,
// which waits for passes under way. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "kube/api.h"
#include "kube/event_recorder.h"
#include "kube/timer_queue.h"
#include "operator/metrics.h"
#include "operator/reconciler.h"
#include "operator/writer.h"

namespace trainyard::operators {

struct ControllerOptions {
  std::vector<std::string> namespaces{};  // empty: all
  int workers = 4;                        // jobs at a time; each has several requests under way
  WriterOptions writer{};
  ReconcilerOptions reconciler{};
  // For how long changes of pods are collected into one pass. Those of a TFJob itself are not.
  std::chrono::milliseconds gather{100};
};

class Controller {
 public:
  // All borrowed.
  static std::unique_ptr<Controller> Start(kube::Api* api, kube::TimerQueue* timers,
                                           kube::EventRecorder* events, Metrics* metrics,
                                           ControllerOptions options);
  virtual ~Controller() = default;

  // The whole cluster has been seen once.
  virtual bool is_synced() const = 0;
  virtual size_t queue_depth() const = 0;
  virtual std::vector<std::shared_ptr<const JobObject>> Jobs() const = 0;
};

// "Created pods: a, b": what several events of a kind say together.
std::string JoinNotes(const std::string& reason, const std::vector<std::string>& notes);

}  // namespace trainyard::operators
