// A model's variable: a named tensor that outlives one run of the graph.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tf/graph.h"
#include "tf/types.h"

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

// A resource variable and the operations around it. A plain value; the graph owns the operations.
struct Variable {
  std::string name;  // as in checkpoints: "conv2d/kernel", without ":0"
  tf::Shape shape;
  tf::DataType dtype = tf::DataType::kFloat;
  bool trainable = true;
  // Saved in checkpoints. False for job-control variables, which must not be restored.
  bool saved = true;
  std::string device;  // "/job:ps/task:0"; "" in one process
  tf::Output handle;
  tf::Output value;                    // what the variable holds (one read, shared by its users)
  tf::Operation initialize = nullptr;  // assigns the first value
};

}  // namespace trainyard::train
