// What the processes of a distributed job tell each other beyond the model: who takes part, and
// when training has ended.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "tf/session.h"

namespace trainyard::train {

enum class JobPhase : int32_t {
  kRunning = 0,
  kEnded = 1,         // parameter servers may go
  kChiefStopped = 2,  // the chief was told to stop and has saved; it may come back
  kEnding = 3,        // workers make no further step
};

enum class WorkerPresence : int32_t { kAbsent = 0, kTraining = 1, kLeft = 2 };

// Small variables on the parameter servers, outside the model and never saved: the job's phase on
// each of them, and each worker's presence on the first. TensorFlow offers no message between tasks
// but the variables they share. Operations are added once, before any session; calls are
// thread-compatible.
class JobControl {
 public:
  // Adds the operations to a training graph. Workers are numbered from 0, the chief not counted.
  JobControl(tf::Graph* graph, int num_ps_tasks, int num_workers);

  // Chief, before it initialises the model: the job is running; presences start as absent unless
  // they are there already (a chief that comes back keeps them).
  Status Begin(tf::Session* session) const;
  Status SetPhase(tf::Session* session, JobPhase phase) const;
  // The phase on the first parameter server (int32 scalar), to be fetched with a step.
  const tf::Output& phase() const { return phase_; }
  Status SetPresence(tf::Session* session, int worker, WorkerPresence presence) const;
  // Each worker's WorkerPresence (int32 [workers]), to be fetched with other things.
  const tf::Output& presences() const { return presences_; }
  // Workers that have joined and not left.
  Result<std::vector<int>> TrainingWorkers(tf::Session* session) const;

 private:
  tf::Output phase_value_;  // fed
  std::vector<tf::Operation> set_phase_;
  tf::Output phase_;
  tf::Output presence_initialized_;
  tf::Operation clear_presence_ = nullptr;
  tf::Output worker_;          // fed
  tf::Output presence_value_;  // fed
  tf::Operation set_presence_ = nullptr;
  tf::Output presences_;
};

// Reads the phase on the parameter server `task`, from that server's own process.
class PhaseReader {
 public:
  static Result<std::unique_ptr<PhaseReader>> Create(int task, const std::string& target);
  // kRunning also while no chief has begun.
  Result<JobPhase> ReadPhase();

 private:
  PhaseReader() = default;
  tf::Graph graph_;
  tf::Output initialized_;
  tf::Output phase_;
  std::unique_ptr<tf::Session> session_;  // last: it uses the graph
};

}  // namespace trainyard::train
