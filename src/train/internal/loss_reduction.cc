#include "train/internal/loss_reduction.h"

#include "train/internal/arithmetic.h"

namespace trainyard::train::internal {
namespace {

// Over all examples, also if there are none.
tf::Output Count(const tf::Scope& scope, const tf::Output& losses) {
  return tf::Cast(scope, scope.Op("Size").In(losses).Out(), tf::DataType::kFloat);
}

}  // namespace

std::string NameOf(const tf::Scope& scope) {
  const std::string prefix = scope.FullName("");
  return prefix.substr(0, prefix.find_last_not_of('/') + 1);
}

tf::Output MeanPerExample(const tf::Scope& scope, const tf::Output& values) {
  if (!scope.graph().status().ok()) return {};
  const Result<tf::Shape> shape = scope.graph().OutputShape(values);
  if (!shape.ok()) {
    scope.graph().Fail(shape.status().WithContext(NameOf(scope)));
    return {};
  }
  if (shape->size() <= 1) return values;
  std::vector<int32_t> axes;
  for (size_t i = 1; i < shape->size(); ++i) axes.push_back(static_cast<int32_t>(i));
  return scope.Op("Mean").In(values).In(tf::Const(scope, tf::Tensor::FromVector(axes))).Out();
}

tf::Output Reduce(const tf::Scope& scope, const tf::Output& losses, const tf::Output& weights,
                  Reduction reduction) {
  if (!scope.graph().status().ok()) return {};
  tf::Output weighted = losses;
  tf::Output weight;
  if (weights) {
    if (!CheckSameShape(scope, "weights", weights, losses)) return {};
    weight = tf::Cast(scope, weights, tf::DataType::kFloat);
    weighted = tf::Mul(scope, losses, weight);
  }
  switch (reduction) {
    case Reduction::kNone:
      return weighted;
    case Reduction::kSum:
      return tf::Sum(scope, weighted);
    case Reduction::kMeanWithSampleWeight:
      if (weights) {
        return scope.Op("DivNoNan").In(tf::Sum(scope, weighted)).In(tf::Sum(scope, weight)).Out();
      }
      [[fallthrough]];
    case Reduction::kSumOverBatchSize:
      if (!weights) return tf::Mean(scope, weighted);
      return Divide(scope, tf::Sum(scope, weighted), Count(scope, losses));
  }
  return {};
}

bool CheckSameShape(const tf::Scope& scope, const char* what, const tf::Output& labels,
                    const tf::Output& predictions) {
  tf::Graph& graph = scope.graph();
  if (!graph.status().ok()) return false;
  if (!labels || !predictions) {
    graph.Fail(InvalidArgumentError("{} needs {} and predictions, got none", NameOf(scope), what));
    return false;
  }
  const Result<tf::Shape> a = graph.OutputShape(labels);
  const Result<tf::Shape> b = graph.OutputShape(predictions);
  if (!a.ok() || !b.ok()) return true;  // known when it runs
  bool same = a->size() == b->size();
  for (size_t i = 0; same && i < a->size(); ++i) {
    same = (*a)[i] == (*b)[i] || (*a)[i] < 0 || (*b)[i] < 0;
  }
  if (same) return true;
  graph.Fail(
      InvalidArgumentError("{}: {} \"{}\" are {}, but \"{}\" is {}: they need the same shape",
                           NameOf(scope), what, tf::OutputName(labels), tf::ShapeToString(*a),
                           tf::OutputName(predictions), tf::ShapeToString(*b)));
  return false;
}

}  // namespace trainyard::train::internal
