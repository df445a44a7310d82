// What happens around steps: saving, writing summaries, reporting, stopping, and what users add.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "records/event_writer.h"
#include "tf/session.h"

namespace trainyard::train {

struct RunConfig;

// What a hook may look at and add to, before the first session. Borrowed; lives as long as the run.
struct HookContext {
  tf::Graph* graph = nullptr;  // the model is complete; a hook may still add operations
  const RunConfig* config = nullptr;
  // The event file of the run; null except on the chief while it trains.
  records::EventWriter* events = nullptr;
  tf::Output global_step;
};

// What a hook wants of the coming step beside the step itself.
struct StepRequest {
  std::vector<tf::Output> fetches;  // given back in StepResult::fetched
  std::vector<tf::Feed> feeds;      // values are borrowed until AfterStep; a tensor fed twice fails
  bool summaries = false;           // the model's summaries
  bool trace = false;               // the time of each operation, in StepResult::run_metadata
};

// One finished step.
struct StepResult {
  int64_t global_step = 0;  // after the step; other replicas' steps count as well
  float loss = 0;
  // The model's scalar summaries, in its order, in the steps for which a hook wanted them.
  std::vector<float> summaries;
  // All its other summaries then, as one serialized Summary; empty if it has none.
  std::string other_summaries;
  std::span<const tf::Tensor> fetched;  // what this hook asked for, in its order
  std::string run_metadata;             // serialized, if a hook wanted a trace
};

// As tf.estimator.SessionRunHook. Hooks are called in order, from the thread of the loop, while a
// model trains, is evaluated (a step is a batch then, global_step its number from 1) or predicts
// (the same, and loss is 0). A failure ends the run with that status. Give a hook to one run only.
//
//   class Rate : public TrainingHook {
//     Status BeforeStep(int64_t, StepRequest* request) override {
//       request->fetches = {rate_};
//       return OkStatus();
//     }
//     Status AfterStep(tf::Session*, const StepResult& step) override {
//       LogInfo("learning rate {}", step.fetched[0].scalar<float>());
//       return OkStatus();
//     }
//   };
class TrainingHook {
 public:
  virtual ~TrainingHook() = default;
  // Once, before the first session.
  virtual Status Begin(const HookContext& /*context*/) { return OkStatus(); }
  // A session is ready to train at `global_step`: at the start, and after each recovery.
  virtual Status AfterCreateSession(tf::Session* /*session*/, int64_t /*global_step*/) {
    return OkStatus();
  }
  // Before the step that leads to about `next_step`: what to do in it besides.
  virtual Status BeforeStep(int64_t /*next_step*/, StepRequest* /*request*/) { return OkStatus(); }
  virtual Status AfterStep(tf::Session* /*session*/, const StepResult& /*step*/) {
    return OkStatus();
  }
  // Asked before each step; true ends the run in good order. On the chief this ends the whole job,
  // on a worker its own part.
  virtual bool WantsStop() const { return false; }
  // The run ends in good order: all steps done, the data ended, or a stop was asked for. The last
  // checkpoint is saved after the users' hooks have ended.
  virtual Status End(tf::Session* /*session*/, int64_t /*global_step*/) { return OkStatus(); }
};

}  // namespace trainyard::train
