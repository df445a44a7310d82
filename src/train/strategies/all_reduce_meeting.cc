// How the members of a training by all-reduce meet: at the start, and after one was lost.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/log.h"
#include "train/loop/stop_signal.h"
#include "train/strategies/all_reduce.h"

namespace trainyard::train {
namespace {

using Clock = std::chrono::steady_clock;

// So often a member that waits for others looks whether it was asked to stop.
constexpr std::chrono::milliseconds kAttempt(5'000);

template <class T>
std::span<char> BytesOf(T& value) {
  return {reinterpret_cast<char*>(&value), sizeof value};
}

}  // namespace

Result<tf::Session*> AllReduce::MakeReady() {
  group_.reset();  // so that members that have not noticed do
  has_agreed_ = false;
  ASSIGN_OR_RETURN(const int64_t own_step, PrepareOwnState());
  const Clock::time_point deadline = Clock::now() + config_.session_creation_timeout;
  while (true) {
    if (StopRequested()) {
      // What was trained before the others were lost is still there, and is saved as at any end.
      if (has_variables_) return session_.get();
      return CancelledError("asked to stop while waiting for the other workers");
    }
    const Result<int> source = Meet(own_step);
    if (source.ok()) {
      RETURN_IF_ERROR(TakeOver(*source));
      return session_.get();
    }
    const Status& why = source.status();
    if (why.code() == StatusCode::kInvalidArgument ||
        why.code() == StatusCode::kFailedPrecondition) {
      return why;
    }
    if (Clock::now() >= deadline) {
      return UnavailableError("the workers of this job have not met after {} secs: {}",
                              config_.session_creation_timeout.count(), why.message());
    }
    context_.reporter->ReportSometimes({.phase = "waiting", .message = why.message()});
    LogInfo("Waiting for the other workers: {}", why.message());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

Result<int64_t> AllReduce::PrepareOwnState() {
  if (!has_variables_) {
    if (!config_.is_chief()) return -1;
    ASSIGN_OR_RETURN(session_, sessions_.MakeReady());
    has_variables_ = true;
  }
  ASSIGN_OR_RETURN(state_, variables_.Read(session_.get()));
  ASSIGN_OR_RETURN(const std::vector<tf::Tensor> step,
                   session_->Run({}, {context_.model.model().global_step().value}, {}));
  return step[0].scalar<int64_t>();
}

Result<int> AllReduce::Meet(int64_t own_step) {
  context_.reporter->ReportSometimes(
      {.phase = "waiting",
       .message = fmt::format("waiting for the other {} workers", members_.names.size() - 1)});
  collective::GroupOptions options{.name = fmt::format("{}", fmt::join(members_.addresses, ",")),
                                   .rank = members_.rank,
                                   .addresses = members_.addresses,
                                   .join_timeout = std::min<std::chrono::milliseconds>(
                                       kAttempt, config_.session_creation_timeout),
                                   .timeout = config_.step_timeout};
  ASSIGN_OR_RETURN(group_, collective::Group::Join(options));
  return Agree(own_step);
}

Result<int> AllReduce::Agree(int64_t own_step) {
  const auto guard = interrupter_.Guard(group_.get());
  std::vector<MemberState> states(members_.names.size());
  states[static_cast<size_t>(members_.rank)] = {
      .step = own_step,
      .variables = static_cast<int64_t>(variables_.num_bytes()),
      .exchanged = static_cast<int64_t>(buffer_.num_floats())};
  for (size_t rank = 0; rank < states.size(); ++rank) {
    RETURN_IF_ERROR(group_->Broadcast(BytesOf(states[rank]), static_cast<int>(rank)));
  }
  ASSIGN_OR_RETURN(const int source, ChooseSource(members_, states));
  std::vector<char> received = source == members_.rank ? state_ : std::vector<char>();
  received.resize(variables_.num_bytes());
  RETURN_IF_ERROR(group_->Broadcast(received, source));
  // Only now: a member that fails before has what it had.
  if (source != members_.rank) received_ = std::move(received);
  const int64_t step = states[static_cast<size_t>(source)].step;
  if (own_step >= 0 && own_step != step) {
    LogWarning("The variables of step {} that this process holds give way to those of step {}.",
               own_step, step);
  }
  LogInfo("Training with {} workers from step {}, which {} has.", states.size(), step,
          source == members_.rank ? "this one" : members_.names[static_cast<size_t>(source)]);
  return source;
}

Status AllReduce::TakeOver(int source) {
  const bool is_own = source == members_.rank;
  // A new one for all: what else lives in a session, such as sums of gradients over micro-batches,
  // begins anew everywhere.
  ASSIGN_OR_RETURN(session_, sessions_.Connect());
  RETURN_IF_ERROR(variables_.Write(session_.get(), is_own ? state_ : received_));
  has_variables_ = true;
  state_ = {};
  received_ = {};
  return OkStatus();
}

}  // namespace trainyard::train
