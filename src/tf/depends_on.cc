#include "tf/depends_on.h"

#include "tensorflow/c/c_api.h"

namespace trainyard::tf {

bool DependsOn(const Output& y, const Output& x) {
  if (!y || !x) return false;
  if (y == x) return true;
  std::vector<Operation> waiting = {y.op};
  std::unordered_set<Operation> seen = {y.op};
  while (!waiting.empty()) {
    const Operation op = waiting.back();
    waiting.pop_back();
    for (int i = 0; i < TF_OperationNumInputs(op); ++i) {
      const TF_Output input = TF_OperationInput({op, i});
      if (input.oper == x.op && input.index == x.index) return true;
      if (seen.insert(input.oper).second) waiting.push_back(input.oper);
    }
  }
  return false;
}

bool RunsAfter(Operation op, const std::unordered_set<Operation>& others) {
  if (op == nullptr) return false;
  std::vector<Operation> waiting = {op};
  std::unordered_set<Operation> seen = {op};
  while (!waiting.empty()) {
    const Operation next = waiting.back();
    waiting.pop_back();
    if (others.contains(next)) return true;
    for (int i = 0; i < TF_OperationNumInputs(next); ++i) {
      const Operation input = TF_OperationInput({next, i}).oper;
      if (seen.insert(input).second) waiting.push_back(input);
    }
    std::vector<Operation> before(static_cast<size_t>(TF_OperationNumControlInputs(next)));
    TF_OperationGetControlInputs(next, before.data(), static_cast<int>(before.size()));
    for (const Operation input : before) {
      if (seen.insert(input).second) waiting.push_back(input);
    }
  }
  return false;
}

}  // namespace trainyard::tf
