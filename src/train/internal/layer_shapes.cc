#include "train/internal/layer_shapes.h"

#include <algorithm>

namespace trainyard::train::internal {

tf::Shape LayerInputShape(ModelBuilder& model, const tf::Output& x, std::string_view layer,
                          std::string_view wanted, std::initializer_list<size_t> ranks) {
  tf::Graph& graph = model.graph();
  if (!graph.status().ok()) return {};
  if (!x) {
    graph.Fail(InvalidArgumentError("{} needs an input {}, got none", layer, wanted));
    return {};
  }
  const Result<tf::Shape> shape = graph.OutputShape(x);
  if (!shape.ok()) {
    graph.Fail(shape.error().WithContext(fmt::format("{} needs an input {}", layer, wanted)));
    return {};
  }
  const bool fits =
      std::find(ranks.begin(), ranks.end(), shape->size()) != ranks.end() && shape->back() > 0;
  if (fits) return *shape;
  graph.Fail(InvalidArgumentError("{} needs an input {}, but \"{}\" is {}", layer, wanted,
                                  tf::OutputName(x), tf::ShapeToString(*shape)));
  return {};
}

bool CheckPositive(ModelBuilder& model, std::string_view layer, std::string_view option,
                   int64_t value) {
  if (value > 0) return true;
  model.graph().Fail(
      InvalidArgumentError("{} of {} is {}: it must be at least 1", option, layer, value));
  return false;
}

}  // namespace trainyard::train::internal
