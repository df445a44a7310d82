// Batches from arrays in memory.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "spec/tf_config.h"
#include "train/input.h"

namespace trainyard::train {

// Tensors of numbers with the same size of dimension 0: the number of examples.
struct Arrays {
  std::map<std::string, tf::Tensor> features;
  tf::Tensor labels;  // may be empty
};

// Which of the examples a replica takes: those whose number modulo `count` is `index`.
struct Shard {
  int index = 0;
  int count = 1;
};

// The part of a task that trains: the chief takes the first, the workers the others. The whole
// where a task trains alone.
Shard ShardOf(const spec::TaskConfig& task);

struct ArrayInputOptions {
  int64_t batch_size = 100;
  // A new random order in every epoch; otherwise the arrays' order.
  bool shuffle = false;
  std::optional<uint64_t> seed;  // of the order; none: different in each iterator
  // How often each example comes; none: for ever. Batches run on from one epoch into the next.
  std::optional<int64_t> epochs = 1;
  Shard shard;
  // What is left over at the end makes a smaller last batch, unless it is dropped.
  bool drop_remainder = false;
};

// Keeps the arrays as they are and copies the rows of a batch when it is asked for: 10 us for 100
// images of 28x28 bytes, so there is no thread that works ahead. Types stay as they are; a model
// that wants floats from bytes casts on its device.
//
// Thread-safe, as Input; iterators borrow the arrays and must not outlive it.
//
//   ASSIGN_OR_RETURN(Arrays digits, LoadMnist(directory, MnistPart::kTrain));
//   ASSIGN_OR_RETURN(auto train, ArrayInput::Create(std::move(digits),
//                                                   {.shuffle = true, .epochs = std::nullopt}));
class ArrayInput : public Input {
 public:
  // InvalidArgument if the arrays' sizes differ, an option is out of range, or nothing is left for
  // the shard.
  static Result<std::unique_ptr<ArrayInput>> Create(Arrays arrays, ArrayInputOptions options);

  const InputSpec& spec() const override { return spec_; }
  Result<std::unique_ptr<BatchIterator>> MakeIterator() const override;
  // In the whole arrays, not only in this shard.
  int64_t num_examples() const { return num_examples_; }

 private:
  ArrayInput(Arrays arrays, ArrayInputOptions options, int64_t num_examples);

  const Arrays arrays_;
  const ArrayInputOptions options_;
  const int64_t num_examples_;
  InputSpec spec_;
};

}  // namespace trainyard::train
