// The values of all variables as one array of bytes, to be sent to another process.
#pragma once

#include <vector>

#include "base/status.h"
#include "tf/session.h"
#include "train/model_graph.h"

namespace trainyard::train {

// Every variable of a model, the global step and optimizers' slots among them, in the order of
// their creation. A value; the graph owns the operations. Thread-compatible.
class VariableState {
 public:
  // Adds the operations. The graph fails if a variable is not made of numbers.
  explicit VariableState(ModelGraph* model);

  size_t num_bytes() const { return num_bytes_; }
  Result<std::vector<char>> Read(tf::Session* session) const;
  Status Write(tf::Session* session, const std::vector<char>& bytes) const;

 private:
  std::vector<tf::Output> values_;
  std::vector<tf::Shape> shapes_;
  std::vector<tf::Output> fed_;
  std::vector<tf::Operation> assign_;
  size_t num_bytes_ = 0;
};

}  // namespace trainyard::train
