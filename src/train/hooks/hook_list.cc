#include "train/hooks/hook_list.h"

#include <algorithm>

namespace trainyard::train {

Status HookList::Begin(const HookContext& context) {
  for (const auto& hook : hooks_) RETURN_IF_ERROR(hook->Begin(context));
  return context.graph->status().WithContext("cannot add what a hook needs");
}

Status HookList::AfterCreateSession(tf::Session* session, int64_t global_step) {
  for (const auto& hook : hooks_) RETURN_IF_ERROR(hook->AfterCreateSession(session, global_step));
  return OkStatus();
}

Status HookList::BeforeStep(int64_t next_step, StepRequest* joined) {
  *joined = {};
  num_fetches_.clear();
  for (const auto& hook : hooks_) {
    StepRequest request;
    RETURN_IF_ERROR(hook->BeforeStep(next_step, &request));
    num_fetches_.push_back(request.fetches.size());
    joined->fetches.insert(joined->fetches.end(), request.fetches.begin(), request.fetches.end());
    joined->feeds.insert(joined->feeds.end(), request.feeds.begin(), request.feeds.end());
    joined->summaries = joined->summaries || request.summaries;
    joined->trace = joined->trace || request.trace;
  }
  return OkStatus();
}

Status HookList::AfterStep(tf::Session* session, StepResult* step,
                           std::span<const tf::Tensor> fetched) {
  CHECK(num_fetches_.size() == hooks_.size());
  for (size_t i = 0; i < hooks_.size(); ++i) {
    step->fetched = fetched.first(num_fetches_[i]);
    fetched = fetched.subspan(num_fetches_[i]);
    RETURN_IF_ERROR(hooks_[i]->AfterStep(session, *step));
  }
  return OkStatus();
}

bool HookList::WantsStop() const {
  return std::any_of(hooks_.begin(), hooks_.end(),
                     [](const auto& hook) { return hook->WantsStop(); });
}

Status HookList::End(tf::Session* session, int64_t global_step) {
  for (const auto& hook : hooks_) RETURN_IF_ERROR(hook->End(session, global_step));
  return OkStatus();
}

Result<std::vector<tf::Tensor>> RunWithRequest(tf::Session* session, std::vector<tf::Feed> feeds,
                                               std::vector<tf::Output> fetches,
                                               const StepRequest& request,
                                               std::string* run_metadata) {
  feeds.insert(feeds.end(), request.feeds.begin(), request.feeds.end());
  fetches.insert(fetches.end(), request.fetches.begin(), request.fetches.end());
  if (request.trace) return session->RunTraced(feeds, fetches, {}, run_metadata);
  return session->Run(feeds, fetches, {});
}

}  // namespace trainyard::train
