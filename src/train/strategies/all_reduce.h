// Training by all-reduce: every worker has all variables, and applies the mean of all gradients.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "collective/group.h"
#include "train/loop/session_manager.h"
#include "train/strategies/interrupter.h"
#include "train/strategies/mean_buffer.h"
#include "train/strategies/membership.h"
#include "train/strategies/strategy.h"
#include "train/strategies/variable_state.h"

namespace trainyard::train {

// A step is two runs of the graph with one exchange between them: the first computes the loss and
// the local gradients (ModelBuilder::replica_means), the second is fed their means and updates the
// variables, which so stay the same in all members to the last bit. The loss that is reported is
// the mean as well.
//
// Membership. All members are needed. The chief (chief, master, else worker 0) is where they meet.
// When one is lost, the exchange of all others fails, no step is half done, and all meet again as
// soon as its successor is there; the furthest member's variables become everyone's, so that a
// member that was killed, the chief included, costs no step. A member that does not answer counts
// as lost after RunConfig::step_timeout.
//
// Ends. All leave in the same step: at max_steps, or when the data of one ends or a hook of one
// wants to stop. They wait until the chief has saved. A member that is asked to stop by a signal
// leaves at once, the chief after saving; the others wait for it to come back. It does not make the
// step for which it has waited two seconds more, because others are slow, lost or frozen.
class AllReduce : public Strategy {
 public:
  explicit AllReduce(const StrategyContext& context);

  Result<tf::Session*> MakeReady() override;
  Result<std::optional<std::vector<tf::Tensor>>> RunStep(tf::Session* session,
                                                         StepRun run) override;
  bool IsJobEnding() const override { return job_ending_; }
  Status EndSteps(tf::Session* session) override;
  Status Leave(tf::Session* session) override;
  bool MayRecover(const Status& status) const override {
    return status.code() == StatusCode::kUnavailable;
  }

 private:
  // Reads what this member has, before it meets the others: its step, or -1.
  Result<int64_t> PrepareOwnState();
  // Meets the others once; the rank whose variables are in state_ or received_ then.
  Result<int> Meet(int64_t own_step);
  Result<int> Agree(int64_t own_step);
  // Makes a new session with them.
  Status TakeOver(int source);

  // Means over the members; sets job_ending_.
  Status Exchange();
  bool NeedsMeans(const tf::Output& fetch);

  const StrategyContext context_;
  const Membership members_;
  const RunConfig config_;  // with threads for this machine
  SessionManager sessions_;
  const VariableState variables_;
  const std::vector<tf::Operation> local_updates_;  // that happen with the forward pass
  std::vector<tf::Output> locals_;                  // of ModelBuilder::replica_means, then the loss
  MeanBuffer buffer_;                               // the same, then whether a member ends
  std::unordered_map<tf::Operation, bool> needs_means_;

  std::unique_ptr<tf::Session> session_;
  bool has_variables_ = false;  // session_ holds the model
  std::vector<char> state_;     // while the members meet: what this one has,
  std::vector<char> received_;  // and what another has sent
  std::unique_ptr<collective::Group> group_;
  Interrupter interrupter_;  // guards every use of group_
  bool job_ending_ = false;  // a member has said so
  bool has_agreed_ = false;  // in this group
};

}  // namespace trainyard::train
