#include "serving/batching/session_batcher.h"

#include <mutex>

#include "serving/session_run.h"

namespace trainyard::serving {
namespace {

constexpr size_t kMostQueues = 256;

// The inputs in the order of the feeds.
std::vector<const tf::Tensor*> ValuesOf(std::span<const tf::Feed> feeds) {
  std::vector<const tf::Tensor*> values;
  values.reserve(feeds.size());
  for (const tf::Feed& feed : feeds) values.push_back(feed.value);
  return values;
}

}  // namespace

void SessionBatcher::RunThen(std::span<const tf::Feed> feeds, std::span<const tf::Output> fetches,
                             const RunLimits& limits, InCaller in_caller, RunDone done) {
  const std::vector<const tf::Tensor*> inputs = ValuesOf(feeds);
  if (BatchQueue* const queue = QueueFor(feeds, fetches)) {
    return queue->RunThen(inputs, limits, in_caller, std::move(done));
  }
  // A queue for this request alone, which goes with it.
  const std::shared_ptr<BatchQueue> queue = MakeQueue(feeds, fetches);
  queue->RunThen(inputs, limits, in_caller,
                 [queue, done = std::move(done)](RunOutputs outputs) { done(std::move(outputs)); });
}

RunOutputs SessionBatcher::Run(std::span<const tf::Feed> feeds, std::span<const tf::Output> fetches,
                               const RunLimits& limits) {
  const std::vector<const tf::Tensor*> inputs = ValuesOf(feeds);
  if (BatchQueue* const queue = QueueFor(feeds, fetches)) return queue->Run(inputs, limits);
  return MakeQueue(feeds, fetches)->Run(inputs, limits);
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
    if (queues_.size() >= kMostQueues) return nullptr;
  }
  std::unique_ptr<BatchQueue> queue = MakeQueue(feeds, fetches);
  const std::unique_lock lock(mutex_);
  return queues_.try_emplace(std::move(key), std::move(queue)).first->second.get();
}

std::unique_ptr<BatchQueue> SessionBatcher::MakeQueue(std::span<const tf::Feed> feeds,
                                                      std::span<const tf::Output> fetches) {
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
  return std::make_unique<BatchQueue>(&scheduler_, std::move(names), run);
}

}  // namespace trainyard::serving
