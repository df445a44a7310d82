#include "tf/internal/gradient_paths.h"

#include <algorithm>
#include <deque>
#include <string_view>

#include "tf/internal/handles.h"

namespace trainyard::tf::internal {
namespace {

constexpr size_t kLongestPath = 7;  // names in a message

// Registered in tensorflow/cc/gradients with the statement that they have no gradient.
constexpr std::string_view kNoGradientByDesign[] = {"BroadcastGradientArgs",
                                                    "Const",
                                                    "ConcatOffset",
                                                    "EditDistance",
                                                    "InvertPermutation",
                                                    "OneHot",
                                                    "OnesLike",
                                                    "Rank",
                                                    "Shape",
                                                    "ShapeN",
                                                    "Size",
                                                    "StopGradient",
                                                    "ZerosLike"};

bool EndsGradients(Operation op) {
  const std::string_view type = TF_OperationOpType(op);
  return std::find(std::begin(kNoGradientByDesign), std::end(kNoGradientByDesign), type) !=
         std::end(kNoGradientByDesign);
}

bool CarriesGradient(const Output& output) {
  constexpr int kFirstReference = 101;  // DT_FLOAT_REF and those after it
  const int type = static_cast<int>(OutputType(output));
  switch (static_cast<DataType>(type >= kFirstReference ? type - kFirstReference + 1 : type)) {
    case DataType::kFloat:
    case DataType::kDouble:
    case DataType::kHalf:
    case DataType::kBfloat16:
    case DataType::kComplex64:
    case DataType::kComplex128:
    case DataType::kResource:
      return true;
    default:  // of all the other numbers there are
      return false;
  }
}

std::vector<Output> InputsOf(Operation op) {
  std::vector<Output> inputs;
  for (int i = 0; i < TF_OperationNumInputs(op); ++i) {
    const TF_Output input = TF_OperationInput({op, i});
    inputs.push_back({input.oper, input.index});
  }
  return inputs;
}

std::vector<Operation> ConsumersOf(const Output& output) {
  const TF_Output out = {output.op, output.index};
  std::vector<TF_Input> inputs(static_cast<size_t>(TF_OperationOutputNumConsumers(out)));
  TF_OperationOutputConsumers(out, inputs.data(), static_cast<int>(inputs.size()));
  std::vector<Operation> consumers;
  for (const TF_Input& input : inputs) consumers.push_back(input.oper);
  return consumers;
}

// The names from `op` along `next` to the operation that has no next one.
std::string NamesAlong(const std::map<Operation, Operation>& next, Operation op) {
  std::vector<std::string> names;
  while (op != nullptr) {
    names.push_back(OperationName(op));
    const auto step = next.find(op);
    op = step == next.end() ? nullptr : step->second;
  }
  if (names.size() > kLongestPath) {
    names.erase(names.begin() + kLongestPath / 2 + 1, names.end() - kLongestPath / 2);
    names[kLongestPath / 2] = "...";
  }
  return fmt::format("{}", fmt::join(names, " -> "));
}

}  // namespace

GradientPaths::GradientPaths(const Output& y, const std::vector<Output>& xs) : y_(y) {
  // Backwards from y, breadth first: next_ then gives shortest paths.
  reached_.insert({y.op, y.index});
  next_[y.op] = nullptr;
  visited_.push_back(y.op);
  for (size_t i = 0; i < visited_.size(); ++i) {  // grows in the loop
    const Operation op = visited_[i];
    if (EndsGradients(op)) continue;
    for (const Output& input : InputsOf(op)) {
      if (!CarriesGradient(input)) continue;
      reached_.insert({input.op, input.index});
      if (next_.emplace(input.op, op).second) visited_.push_back(input.op);
    }
  }
  // Forwards from xs, over what was reached.
  std::set<Operation> dependent;
  std::deque<Output> pending(xs.begin(), xs.end());
  while (!pending.empty()) {
    const Output from = pending.front();
    pending.pop_front();
    if (!from || from.op == y.op || !Reaches(from)) continue;
    for (const Operation consumer : ConsumersOf(from)) {
      if (!next_.contains(consumer) || EndsGradients(consumer)) continue;
      if (!dependent.insert(consumer).second) continue;
      for (int i = 0; i < TF_OperationNumOutputs(consumer); ++i) pending.push_back({consumer, i});
    }
  }
  for (const Operation op : visited_) {
    if (dependent.contains(op)) between_.push_back(op);
  }
}

std::string GradientPaths::PathFrom(Operation op) const { return NamesAlong(next_, op); }

std::string AnyPath(const Output& x, const Output& y) {
  std::map<Operation, Operation> next = {{y.op, nullptr}};
  std::deque<Operation> pending = {y.op};
  while (!pending.empty() && !next.contains(x.op)) {
    const Operation op = pending.front();
    pending.pop_front();
    for (const Output& input : InputsOf(op)) {
      if (next.emplace(input.op, op).second) pending.push_back(input.op);
    }
  }
  return next.contains(x.op) ? NamesAlong(next, x.op) : "";
}

}  // namespace trainyard::tf::internal
