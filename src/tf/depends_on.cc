#include "tf/depends_on.h"

#include <unordered_set>

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

}  // namespace trainyard::tf
