// Graph::AddGradients: TensorFlow's C++ gradients, with what they leave out or get wrong refused.
#include <algorithm>

#include "tf/graph.h"
#include "tf/internal/gradient_paths.h"
#include "tf/internal/handles.h"

namespace trainyard::tf {
namespace {

using internal::CallStatus;
using internal::GradientPaths;

std::string TypeOf(Operation op) { return TF_OperationOpType(op); }

std::vector<int64_t> IntsOf(Operation op, const char* attribute) {
  CallStatus call;
  const TF_AttrMetadata about = TF_OperationGetAttrMetadata(op, attribute, call.get());
  if (!call.ok() || about.list_size <= 0) return {};
  std::vector<int64_t> values(static_cast<size_t>(about.list_size));
  TF_OperationGetAttrIntList(op, attribute, values.data(), static_cast<int>(values.size()),
                             call.get());
  return values;
}

std::string StringOf(Operation op, const char* attribute) {
  CallStatus call;
  const TF_AttrMetadata about = TF_OperationGetAttrMetadata(op, attribute, call.get());
  if (!call.ok() || about.total_size <= 0) return "";
  std::string value(static_cast<size_t>(about.total_size), '\0');
  TF_OperationGetAttrString(op, attribute, value.data(), value.size(), call.get());
  return value;
}

// What TensorFlow's registered gradient of `op` would get wrong without a word; "" if it is right.
std::string WrongInGradient(const Graph& graph, const GradientPaths& paths, Operation op) {
  const std::string type = TypeOf(op);
  if (type == "Conv2D") {
    if (StringOf(op, "padding") == "EXPLICIT") return "ignores its explicit paddings";
    const std::vector<int64_t> dilations = IntsOf(op, "dilations");
    if (std::any_of(dilations.begin(), dilations.end(), [](int64_t d) { return d != 1; })) {
      return "ignores its dilations";
    }
  }
  if (type == "LogSoftmax") {
    const Result<Shape> shape = graph.OutputShape({op, 0});
    if (!shape.ok() || shape->size() != 2) return "is right for matrices alone";
  }
  if (type == "FusedBatchNormV3") {
    for (int i = 1; i < TF_OperationNumOutputs(op); ++i) {
      if (paths.Reaches({op, i})) return "leaves out its outputs after the first";
    }
  }
  return "";
}

Status CheckReached(const GradientPaths& paths, const Output& y, const Output& x) {
  if (!x) return InternalError("an x is missing");
  if (paths.Reaches(x)) return OkStatus();
  const std::string path = internal::AnyPath(x, y);
  if (path.empty()) {
    return InvalidArgumentError("it does not depend on {}", OutputName(x));
  }
  return InvalidArgumentError("no gradient arrives at {}, only ways like {} lead from it",
                              OutputName(x), path);
}

Status CheckRight(const Graph& graph, const GradientPaths& paths) {
  for (const Operation op : paths.between()) {
    const std::string wrong = WrongInGradient(graph, paths, op);
    if (wrong.empty()) continue;
    return UnimplementedError("TensorFlow's gradient of {} \"{}\" {} (on the path {})", TypeOf(op),
                              OperationName(op), wrong, paths.PathFrom(op));
  }
  return OkStatus();
}

// TensorFlow names the type that has no gradient, but neither the operation nor where it is.
Status Explain(const GradientPaths& paths, const Status& status) {
  for (const Operation op : paths.between()) {
    const std::string type = TypeOf(op);
    if (status.message().find("No gradient defined for op: " + type + ".") == std::string::npos) {
      continue;
    }
    return UnimplementedError("{} \"{}\" has no gradient (on the path {})", type, OperationName(op),
                              paths.PathFrom(op));
  }
  return status;
}

// Each of `xs` once: TensorFlow answers the first of equal ones alone.
std::vector<TF_Output> Distinct(const std::vector<Output>& xs) {
  std::vector<TF_Output> distinct;
  for (size_t i = 0; i < xs.size(); ++i) {
    const auto here = xs.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(xs.begin(), here, xs[i]) == here) distinct.push_back({xs[i].op, xs[i].index});
  }
  return distinct;
}

size_t Place(const std::vector<TF_Output>& outputs, const Output& x) {
  const auto found = std::find_if(outputs.begin(), outputs.end(), [&](const TF_Output& output) {
    return output.oper == x.op && output.index == x.index;
  });
  return static_cast<size_t>(found - outputs.begin());
}

Status Check(const Graph& graph, const GradientPaths& paths, const Output& y,
             const std::vector<Output>& xs) {
  for (const Output& x : xs) RETURN_IF_ERROR(CheckReached(paths, y, x));
  return CheckRight(graph, paths);
}

}  // namespace

std::vector<Output> Graph::AddGradients(const Output& y, const std::vector<Output>& xs) {
  std::vector<Output> gradients(xs.size());
  if (!status_.ok()) return gradients;
  const std::string attempt = fmt::format("cannot differentiate {}", OutputName(y));
  if (!y) {
    Fail(InternalError("cannot differentiate: there is no y"));
    return gradients;
  }
  const GradientPaths paths(y, xs);
  const Status checked = Check(*this, paths, y, xs);
  if (!checked.ok()) {
    Fail(checked.WithContext(attempt));
    return gradients;
  }
  CallStatus call;
  TF_Output target = {y.op, y.index};
  std::vector<TF_Output> inputs = Distinct(xs);
  std::vector<TF_Output> results(inputs.size());
  TF_AddGradientsWithPrefix(handle_, UniqueName("gradients").c_str(), &target, 1, inputs.data(),
                            static_cast<int>(inputs.size()), nullptr, call.get(), results.data());
  if (!call.ok()) {
    Fail(Explain(paths, call.ToStatus()).WithContext(attempt));
    return gradients;
  }
  for (size_t i = 0; i < xs.size(); ++i) {
    const TF_Output& result = results[Place(inputs, xs[i])];
    if (result.oper == nullptr) {
      Fail(InvalidArgumentError("{}: no gradient arrives at {}, only ways like {} lead from it",
                                attempt, OutputName(xs[i]), internal::AnyPath(xs[i], y)));
      return gradients;
    }
    gradients[i] = {result.oper, result.index};
  }
  return gradients;
}

}  // namespace trainyard::tf
