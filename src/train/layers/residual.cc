#include "train/layers/residual.h"

#include <algorithm>

#include "tf/ops.h"
#include "train/layers/conv2d.h"

namespace trainyard::train {
namespace {

// The smallest stride that makes `to` pixels of `from` (either -1: unknown); 0 if there is none.
int64_t StrideBetween(int64_t from, int64_t to) {
  if (from == to) return 1;
  if (from < 0 || to < 1 || from < to) return 0;
  const int64_t stride = (from + to - 1) / to;
  return (from + stride - 1) / stride == to ? stride : 0;
}

bool SameButForBatch(const tf::Shape& a, const tf::Shape& b) {
  return a.size() == b.size() && (a.empty() || std::equal(a.begin() + 1, a.end(), b.begin() + 1));
}

}  // namespace

tf::Output Residual(ModelBuilder& model, const tf::Output& x, const tf::Output& y,
                    const ResidualOptions& options) {
  const tf::Scope scope = model.scope().Named(options.name);
  tf::Graph& graph = model.graph();
  if (!graph.status().ok()) return {};
  if (!x || !y) {
    graph.Fail(InvalidArgumentError("{} needs two inputs, got none", scope.FullName("AddV2")));
    return {};
  }
  const Result<tf::Shape> from = graph.OutputShape(x);
  const Result<tf::Shape> to = graph.OutputShape(y);
  for (const Status& status : {from.status(), to.status()}) {
    if (!status.ok()) graph.Fail(status.WithContext(scope.FullName("AddV2")));
  }
  if (!graph.status().ok()) return {};

  tf::Output shortcut = x;
  if (!SameButForBatch(*from, *to)) {
    const bool images = from->size() == 4 && to->size() == 4 && to->back() > 0;
    const int64_t rows = images ? StrideBetween((*from)[1], (*to)[1]) : 0;
    const int64_t columns = images ? StrideBetween((*from)[2], (*to)[2]) : 0;
    if (rows == 0 || columns == 0) {
      graph.Fail(InvalidArgumentError(
          "{} cannot project \"{}\" {} to the shape of \"{}\" {}", scope.FullName("AddV2"),
          tf::OutputName(x), tf::ShapeToString(*from), tf::OutputName(y), tf::ShapeToString(*to)));
      return {};
    }
    shortcut = Conv2D(model, x,
                      {.filters = to->back(),
                       .kernel_size = 1,
                       .strides = {rows, columns},
                       .padding = Padding::kSame,
                       .use_bias = false,
                       .kernel_initializer = options.kernel_initializer,
                       .name = scope.FullName("projection")});
    if (options.batch_norm.has_value()) {
      BatchNormOptions norm = *options.batch_norm;
      norm.name = scope.FullName("projection_norm");
      shortcut = BatchNorm(model, shortcut, norm);
    }
  }
  const tf::Output sum = tf::Add(scope, shortcut, y);
  return options.activation == nullptr ? sum : options.activation(scope, sum);
}

}  // namespace trainyard::train
