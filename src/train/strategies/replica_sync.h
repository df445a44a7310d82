// Synchronous training on parameter servers: when a replica's step begins and ends, and who
// updates.
#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "base/status.h"
#include "tf/session.h"
#include "train/loop/job_control.h"
#include "train/loop/progress.h"
#include "train/loop/watchdog.h"
#include "train/model_builder.h"
#include "train/run_config.h"

namespace trainyard::train {

// Drives what Minimize has made for RunConfig::replicas_to_aggregate (synchronous_update.h). In
// every round a replica adds its gradients once, then waits for the update; the chief, in a thread
// of its own, updates as soon as enough replicas have added theirs, be the chief's own among them
// or not. The global step counts updates.
//
// Nobody waits inside of TensorFlow, where a wait outlives the process that has begun it and can
// swallow what is meant for its successor: replicas and chief look at the parameter server that has
// the global step, at most every 2 ms. One process alone may update, because two could both find
// the gradients complete. So:
//
// - A worker lost: the others go on if enough remain, else they wait for it and say so. One that
//   comes back within the round it was lost in may add its gradients to it again.
// - A worker that has left, its data being at an end, is not counted any more: the mean is over
//   those that remain, if they are fewer than replicas_to_aggregate.
// - The chief lost: the others wait for it, up to session_creation_timeout. It throws away the
//   gradients of the round that it finds half done and begins a new one.
// - A parameter server lost: as in asynchronous training, from the last checkpoint.
//
// Create one per Trainer. Thread-compatible; the thread is its own.
class ReplicaSync {
 public:
  // Borrows its arguments. `max_steps`: no update is made beyond.
  ReplicaSync(const RunConfig& config, const ModelBuilder& model, const JobControl& control,
              Watchdog* watchdog, ProgressReporter* reporter, std::optional<int64_t> max_steps);
  ~ReplicaSync() { Stop(); }

  // With each new session, which must outlive the training or Stop().
  Status Start(tf::Session* session);
  // Ends the chief's thread, so that the model stays as it is.
  void Stop();

  // To be fed with a step.
  tf::Feed stamp() const { return {update_.stamp, &stamp_}; }

  struct Update {
    int64_t global_step = 0;
    bool job_ending = false;  // seen by workers
  };
  // After a step: until the round it belongs to is over, the job ends, or the process is asked to
  // stop. DeadlineExceeded, naming the replicas, after session_creation_timeout.
  Result<Update> WaitForUpdate(tf::Session* session);

 private:
  Status BeginRound(tf::Session* session);
  void UpdateUntilStopped(tf::Session* session, const std::stop_token& stop);
  Result<bool> UpdateIfComplete(tf::Session* session);
  std::string Missing(const tf::Tensor& contributions, const tf::Tensor& presences) const;

  const RunConfig& config_;
  const SynchronousUpdate& update_;
  const SynchronousReplicas replicas_;
  const tf::Output global_step_;
  const JobControl& control_;
  Watchdog* const watchdog_;
  ProgressReporter* const reporter_;
  const std::optional<int64_t> max_steps_;
  int64_t round_ = 0;
  tf::Tensor stamp_;

  std::mutex mutex_;
  Status failure_;  // of the thread; guarded by mutex_

  std::jthread updater_;  // chief; last: it uses the above
};

// What follows from the settings and the cluster; to_aggregate is 0 without parameter servers.
SynchronousReplicas SynchronousReplicasOf(const RunConfig& config);

// How many gradients complete an update: `to_aggregate`, or as many as there are replicas left. The
// chief counts as one that never leaves. `presences`: of the workers, as WorkerPresence.
int GradientsRequired(int to_aggregate, std::span<const int32_t> presences);

}  // namespace trainyard::train
