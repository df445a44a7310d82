// Batches of training data, drawn by the training loop and fed to the graph.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "train/batch.h"
#include "train/inputs/row.h"

namespace trainyard::train {

// Draws batches until the data ends. One thread at a time.
class BatchIterator {
 public:
  virtual ~BatchIterator() = default;
  // The next batch, or nothing at the end of the data.
  virtual Result<std::optional<Batch>> Next() = 0;
  // In a pipeline of examples: the same as Next, for who keeps or reorders them. Both may be called
  // in turns. Worth overriding where examples are shared, not made (inputs/row_iterator.h).
  virtual Result<std::optional<Row>> NextRow();

  // Where the iterator is: everything that Next has handed out, nothing that was read ahead.
  // Bytes for Restore alone, usually few (a shuffle buffer's are a few for each of its places); ""
  // from an iterator that cannot tell.
  virtual std::string Save() const { return ""; }
  // Goes to a position that an iterator of an equal input has saved, whatever was drawn before, so
  // that Next hands out what came next there. "" changes nothing. InvalidArgument if the position
  // is another pipeline's or damaged; the iterator is then of no more use.
  virtual Status Restore(const std::string& position) {
    return position.empty() ? OkStatus()
                            : UnimplementedError("this input cannot go back to a position");
  }
};

// One pass over the data among those of a run.
struct Pass {
  uint64_t number = 0;  // from 0: the epoch
  // Where an input has no seed of its own, its random numbers come from this one and `number`. It
  // is part of positions, so that a run that goes on has the later passes that it would have had.
  uint64_t salt = 0;

  // The first pass of a new run, with a salt that no other has.
  static Pass First();
};

// A source of data: what its batches look like, and a fresh pass over them. An Input is immutable
// and may be used by several threads; its iterators are independent, and must not outlive it.
class Input {
 public:
  virtual ~Input() = default;
  virtual const InputSpec& spec() const = 0;
  virtual Result<std::unique_ptr<BatchIterator>> MakeIterator() const = 0;
  // A given pass, for those who repeat an input: one in random order takes another order in each.
  // The same as MakeIterator where all passes are alike.
  virtual Result<std::unique_ptr<BatchIterator>> MakePass(const Pass& /*pass*/) const {
    return MakeIterator();
  }
};

// An input whose passes may differ: MakePass is what it defines, a new run begins with the first.
class PassInput : public Input {
 public:
  Result<std::unique_ptr<BatchIterator>> MakeIterator() const final {
    return MakePass(Pass::First());
  }
  Result<std::unique_ptr<BatchIterator>> MakePass(const Pass& pass) const override = 0;
};

using InputPtr = std::shared_ptr<const Input>;

}  // namespace trainyard::train
