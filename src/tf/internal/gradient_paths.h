// The operations that a gradient passes on its way back through a graph.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "tf/graph.h"

namespace trainyard::tf::internal {

// What lies between `xs` and a `y` that depends on them, followed along tensors that can have a
// gradient (floats, complex numbers, resources) and past no operation that has none by design
// (StopGradient, Shape, ...).
//
// Reads the graph once, when it is made; holds pointers into it. Thread-compatible.
class GradientPaths {
 public:
  GradientPaths(const Output& y, const std::vector<Output>& xs);

  // Whether a gradient of y can arrive at this output.
  bool Reaches(const Output& output) const { return reached_.contains({output.op, output.index}); }
  // The operations that depend on an x and on which y depends, nearest to y first.
  const std::vector<Operation>& between() const { return between_; }
  // "conv/Floor -> conv/Mul -> ... -> loss": the names from `op`, which is one of between(), to y.
  std::string PathFrom(Operation op) const;

 private:
  Output y_;
  std::map<Operation, Operation> next_;  // one step towards y
  std::vector<Operation> visited_;       // nearest to y first
  std::set<std::pair<Operation, int>> reached_;
  std::vector<Operation> between_;
};

// "x -> Floor -> Sum": the shortest way of tensors of any type from the operation of x to that of
// y; empty if y does not depend on x.
std::string AnyPath(const Output& x, const Output& y);

}  // namespace trainyard::tf::internal
