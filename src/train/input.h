// Batches of training data, drawn by the training loop and fed to the graph.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "tf/tensor.h"

namespace trainyard::train {

// One batch: features by name, and labels (empty where there are none). Dimension 0 is the batch.
struct Batch {
  std::map<std::string, tf::Tensor> features;
  tf::Tensor labels;
};

// Type and shape of one feature, with -1 for the batch dimension.
struct FeatureSpec {
  tf::DataType dtype = tf::DataType::kFloat;
  tf::Shape shape;
};
struct InputSpec {
  std::map<std::string, FeatureSpec> features;
  std::optional<FeatureSpec> labels;
};

// Draws batches until the data ends. One thread at a time.
class BatchIterator {
 public:
  virtual ~BatchIterator() = default;
  // The next batch, or nothing at the end of the data.
  virtual Result<std::optional<Batch>> Next() = 0;
};

// A source of data: what its batches look like, and a fresh pass over them. An Input is immutable
// and may be used by several threads; its iterators are independent.
class Input {
 public:
  virtual ~Input() = default;
  virtual const InputSpec& spec() const = 0;
  virtual Result<std::unique_ptr<BatchIterator>> MakeIterator() const = 0;
};

}  // namespace trainyard::train
