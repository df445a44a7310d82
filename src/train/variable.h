// A model's variable: a named tensor that outlives one run of the graph.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tf/graph.h"
#include "tf/types.h"
#include "train/partitioner.h"

namespace trainyard::train {

// The attributes `seed` and `seed2` of a random operation; both zero ask for different values in
// each run.
struct Seed {
  int64_t graph = 0;
  int64_t operation = 0;
};

// Builds a variable's first value.
using Initializer =
    std::function<tf::Output(const tf::Scope& scope, const tf::Shape& shape, Seed seed)>;

// What a part is a part of.
struct WholeVariable {
  std::string name;
  tf::Shape shape;
  RowRange rows;  // those that the part holds
};

// A resource variable and the operations around it. A plain value; the graph owns the operations.
//
// A large variable may be split by rows over parameter servers (RunConfig::partitioner). Layers
// then hold the whole, whose `value` is put together from its `parts`, and which has no handle of
// its own; read single rows by ModelBuilder::Lookup, which goes to the parts. What is stored,
// updated, initialised and saved is a part: a variable like any other, which an optimizer need not
// tell from one. In checkpoints the parts are slices of one tensor, so that a run with more, fewer
// or no parts goes on from it.
struct Variable {
  std::string name;  // of the operations, without ":0": "conv2d/kernel"; a part's: ".../part_0"
  tf::Shape shape;
  tf::DataType dtype = tf::DataType::kFloat;
  bool trainable = true;
  // Saved in checkpoints. False for job-control variables, which must not be restored.
  bool saved = true;
  std::string device;  // "/job:ps/task:0"; "" in one process; of a whole that of its first part
  tf::Output handle;   // none of a whole that has parts
  tf::Output value;    // what the variable holds (one read, shared by its users)
  tf::Operation initialize = nullptr;  // assigns the first value
  std::vector<const Variable*> parts = {};
  std::optional<WholeVariable> part_of = {};

  // The tensor of a checkpoint that the variable is, or is a slice of.
  const std::string& saved_name() const { return part_of ? part_of->name : name; }
  const tf::Shape& saved_shape() const { return part_of ? part_of->shape : shape; }
  // Which slice; "" for all of it.
  std::string saved_slice() const {
    return part_of ? ShapeAndSlice(part_of->shape, part_of->rows) : "";
  }
};

}  // namespace trainyard::train
