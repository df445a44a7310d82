#include "serving/batching/session_batcher.h"

#include <mutex>

#include "serving/session_run.h"

namespace trainyard::serving {
namespace {

constexpr size_t kMostQueues = 256;

}  // namespace

Result<std::vector<tf::Tensor>> SessionBatcher::Run(std::span<const tf::Feed> feeds,
                                                    std::span<const tf::Output> fetches,
                                                    const RunLimits& limits) {
  BatchQueue* const queue = QueueFor(feeds, fetches);
  if (queue == nullptr) return RunWithin(session_, feeds, fetches, limits);
  std::vector<const tf::Tensor*> inputs;
  for (const tf::Feed& feed : feeds) inputs.push_back(feed.value);
  return queue->Run(inputs, limits);
}

BatchQueue* SessionBatcher::QueueFor(std::span<const tf::Feed> feeds,
                                     std::span<const tf::Output> fetches) {
  Key key;
  key.reserve(feeds.size() + fetches.size() + 1);
  for (const tf::Feed& feed : feeds) key.emplace_back(feed.output.op, feed.output.index);
  key.emplace_back(nullptr, 0);
  for (const tf::Output& fetch : fetches) key.emplace_back(fetch.op, fetch.index);
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = queues_.find(key); found != queues_.end()) return found->second.get();
  }
  const std::unique_lock lock(mutex_);
  if (const auto found = queues_.find(key); found != queues_.end()) return found->second.get();
  if (queues_.size() >= kMostQueues) return nullptr;
  std::vector<std::string> names;
  std::vector<tf::Output> inputs;
  for (const tf::Feed& feed : feeds) {
    names.push_back(tf::OutputName(feed.output));
    inputs.push_back(feed.output);
  }
  const BatchRun run = [this, inputs, outputs = std::vector(fetches.begin(), fetches.end())](
                           std::span<const tf::Tensor* const> values, const RunLimits& limits) {
    std::vector<tf::Feed> joined;
    for (size_t i = 0; i < inputs.size(); ++i) joined.push_back({inputs[i], values[i]});
    return RunWithin(session_, joined, outputs, limits);
  };
  auto queue = std::make_unique<BatchQueue>(&scheduler_, std::move(names), run);
  return queues_.emplace(std::move(key), std::move(queue)).first->second.get();
}

}  // namespace trainyard::serving
