// The edges of a graph that is built already: walking along them, and laying them anew.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "tf/graph.h"

namespace trainyard::tf {

// One input of an operation: what it reads.
struct Edge {
  Output source;
  Operation reader = nullptr;
  int input = 0;  // of the reader's inputs, control dependencies not counted
};

std::vector<Edge> InputsOf(Operation reader);

// "MatMul".
std::string OperationType(Operation op);

// All operations, in the order in which they were added.
std::vector<Operation> OperationsOf(const Graph& graph);

// What running `ops` means to run, for its values or by a control dependency; `ops` included.
std::unordered_set<Operation> OperationsBehind(const std::vector<Operation>& ops);

// Lets the reader read `source` in place of what the edge says. Only in a graph that has no session
// yet. The graph fails where the shapes do not fit. Making no cycle is the caller's part: one would
// be found when a session is made.
void Reconnect(Graph* graph, const Edge& edge, const Output& source);

}  // namespace trainyard::tf
