#include "train/hooks/feed_fn_hook.h"

#include "train/hooks/logging_tensor_hook.h"

namespace trainyard::train {

Status FeedFnHook::Begin(const HookContext& context) {
  graph_ = context.graph;
  return OkStatus();
}

Status FeedFnHook::BeforeStep(int64_t next_step, StepRequest* request) {
  ASSIGN_OR_RETURN(values_, feed_fn_(next_step));
  for (const auto& [name, value] : values_) {
    ASSIGN_OR_RETURN(const tf::Output output, FindHookOutput(*graph_, "FeedFnHook", name));
    request->feeds.push_back({output, &value});
  }
  return OkStatus();
}

}  // namespace trainyard::train
