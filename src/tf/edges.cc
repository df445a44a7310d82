#include "tf/edges.h"

#include "tensorflow/c/c_api.h"
#include "tf/internal/handles.h"

namespace trainyard::tf {

std::vector<Edge> InputsOf(Operation reader) {
  std::vector<Edge> edges;
  for (int i = 0; i < TF_OperationNumInputs(reader); ++i) {
    const TF_Output source = TF_OperationInput({reader, i});
    edges.push_back({{source.oper, source.index}, reader, i});
  }
  return edges;
}

std::string OperationType(Operation op) { return op == nullptr ? "" : TF_OperationOpType(op); }

std::vector<Operation> OperationsOf(const Graph& graph) {
  std::vector<Operation> ops;
  size_t position = 0;
  while (Operation op = TF_GraphNextOperation(graph.handle(), &position)) ops.push_back(op);
  return ops;
}

std::unordered_set<Operation> OperationsBehind(const std::vector<Operation>& ops) {
  std::unordered_set<Operation> seen(ops.begin(), ops.end());
  std::vector<Operation> waiting(seen.begin(), seen.end());
  while (!waiting.empty()) {
    const Operation op = waiting.back();
    waiting.pop_back();
    std::vector<Operation> before(static_cast<size_t>(TF_OperationNumControlInputs(op)));
    TF_OperationGetControlInputs(op, before.data(), static_cast<int>(before.size()));
    for (const Edge& edge : InputsOf(op)) before.push_back(edge.source.op);
    for (const Operation each : before) {
      if (seen.insert(each).second) waiting.push_back(each);
    }
  }
  return seen;
}

void Reconnect(Graph* graph, const Edge& edge, const Output& source) {
  if (!graph->status().ok() || !source) return;
  internal::CallStatus call;
  TF_UpdateEdge(graph->handle(), {source.op, source.index}, {edge.reader, edge.input}, call.get());
  if (call.ok()) return;
  graph->Fail(call.ToStatus().WithContext(
      fmt::format("cannot let {} read {}", OperationName(edge.reader), OutputName(source))));
}

}  // namespace trainyard::tf
