#include "train/inputs/pipeline.h"

namespace trainyard::train {

Pipeline& Pipeline::Shuffle(ShuffleOptions options) {
  if (input_.ok()) input_ = train::Shuffle(*input_, options);
  return *this;
}

Pipeline& Pipeline::Repeat(std::optional<int64_t> count) {
  if (input_.ok()) input_ = train::Repeat(*input_, count);
  return *this;
}

Pipeline& Pipeline::Map(MapFn fn, MapOptions options) {
  if (input_.ok()) input_ = train::Map(*input_, std::move(fn), std::move(options));
  return *this;
}

Pipeline& Pipeline::BatchUp(BatchOptions options) {
  if (input_.ok()) input_ = train::BatchUp(*input_, std::move(options));
  return *this;
}

Pipeline& Pipeline::Cache() {
  if (input_.ok()) input_ = train::Cache(*input_);
  return *this;
}

Pipeline& Pipeline::Prefetch(PrefetchOptions options) {
  if (input_.ok()) input_ = train::Prefetch(*input_, options);
  return *this;
}

Pipeline& Pipeline::ShardExamples(Shard shard) {
  if (input_.ok()) input_ = train::ShardExamples(*input_, shard);
  return *this;
}

}  // namespace trainyard::train
