#include "train/hooks/final_ops_hook.h"

#include "train/hooks/logging_tensor_hook.h"

namespace trainyard::train {

Status FinalOpsHook::Begin(const HookContext& context) {
  for (const std::string& name : names_) {
    ASSIGN_OR_RETURN(const tf::Output output, FindHookOutput(*context.graph, "FinalOpsHook", name));
    outputs_.push_back(output);
  }
  return OkStatus();
}

Status FinalOpsHook::End(tf::Session* session, int64_t /*global_step*/) {
  Result<std::vector<tf::Tensor>> values = session->Run({}, outputs_, {});
  if (!values.ok()) return values.status().WithContext("FinalOpsHook");
  for (size_t i = 0; i < names_.size(); ++i) values_[names_[i]] = std::move((*values)[i]);
  return OkStatus();
}

}  // namespace trainyard::train
