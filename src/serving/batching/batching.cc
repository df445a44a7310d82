#include "serving/batching/batching.h"

#include "base/files.h"

namespace trainyard::serving {
namespace {

constexpr char kParametersFile[] = "batching_params.pbtxt";

}  // namespace

Result<std::unique_ptr<SessionBatcher>> Batching::MakeBatcher(tf::Session* session,
                                                              const std::string& directory) {
  const std::string path = JoinPath(directory, kParametersFile);
  if (!config_.per_model || !PathExists(path)) {
    return std::make_unique<SessionBatcher>(&scheduler_, session);
  }
  ASSIGN_OR_RETURN(BatchingOptions options, ReadBatchingOptions(path));
  return std::make_unique<SessionBatcher>(
      std::make_unique<BatchScheduler>(std::move(options), metrics_), session);
}

}  // namespace trainyard::serving
