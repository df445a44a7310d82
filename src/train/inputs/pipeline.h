// Data pipelines: a source of examples, and what is done to them on the way to the model.
//
//   const Shard shard = ShardOf(config.task);
//   ASSIGN_OR_RETURN(InputPtr train,
//                    Pipeline(TfRecordInput(files, {.features = {...}, .shard = shard}))
//                        .Shuffle({.buffer_size = 10000, .seed = 1})
//                        .Repeat()
//                        .Map(Augment, {.num_threads = 4, .seed = 2})
//                        .BatchUp({.batch_size = 32})
//                        .Prefetch()
//                        .Build());
//   TrainAndEvaluate(estimator, {.input = train, .max_steps = 1000}, ...);
//
// Sources: tfrecord_input.h, csv_input.h, image_directory.h (examples), array_input.h (batches).
//
// Order: with seeds, a pipeline hands out the same elements in the same order on every machine and
// with any number of threads. Shuffle before Repeat: each epoch whole, in an order of its own.
//
// Position: every iterator can say where it is (BatchIterator::Save), and the trainer keeps that
// with its checkpoints: a run that goes on neither repeats nor leaves out an example. A function
// given to Map may therefore be called again for an element that was seen before, and should have
// no effects beside its result.
#pragma once

#include <optional>

#include "base/status.h"
#include "train/input.h"
#include "train/inputs/batching.h"
#include "train/inputs/cache.h"
#include "train/inputs/interleave.h"
#include "train/inputs/map.h"
#include "train/inputs/prefetch.h"
#include "train/inputs/repeat.h"
#include "train/inputs/shuffle.h"

namespace trainyard::train {

// Each call puts one step (documented in its header) on top of those before. The first failure is
// kept and comes from Build; later calls then do nothing. A value.
class Pipeline {
 public:
  explicit Pipeline(Result<InputPtr> source) : input_(std::move(source)) {}

  Pipeline& Shuffle(ShuffleOptions options);
  Pipeline& Repeat(std::optional<int64_t> count = std::nullopt);
  Pipeline& Map(MapFn fn, MapOptions options = {});
  Pipeline& BatchUp(BatchOptions options);
  Pipeline& Cache();
  Pipeline& Prefetch(PrefetchOptions options = {});
  Pipeline& ShardExamples(Shard shard);

  const Result<InputPtr>& Build() const { return input_; }

 private:
  Result<InputPtr> input_;
};

}  // namespace trainyard::train
