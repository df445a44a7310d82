#include "train/layers/embedding.h"

#include <cmath>

#include "train/internal/arithmetic.h"
#include "train/internal/layer_shapes.h"

namespace trainyard::train {
namespace {

// The shape of the ids if it will do, else an empty one and the reason in the graph.
tf::Shape IdsShape(ModelBuilder& model, const tf::Output& ids, const std::string& layer,
                   Combiner combiner) {
  const bool combines = combiner != Combiner::kNone;
  tf::Graph& graph = model.graph();
  const Result<tf::Shape> shape = ids ? graph.OutputShape(ids) : tf::Shape();
  const bool fits = shape.ok() && (shape->size() == 2 || (shape->size() == 1 && !combines)) &&
                    (!combines || shape->back() > 0);
  if (fits) return *shape;
  graph.Fail(InvalidArgumentError(
      "{} needs ids {}, but \"{}\" is {}", layer,
      combines ? "[batch,n] of a known n for its combiner" : "[batch] or [batch,n]",
      tf::OutputName(ids), shape.ok() ? tf::ShapeToString(*shape) : "of unknown rank"));
  return {};
}

tf::Output Lookup(ModelBuilder& model, const tf::Scope& scope, const Variable& table,
                  const tf::Output& ids, bool sparse_gradient) {
  if (sparse_gradient) return model.Lookup(table, ids);
  return scope.Op("GatherV2").In(table.value).In(ids).In(tf::Const(scope, int32_t{0})).Out();
}

// Over dimension 1, of size n.
tf::Output Combine(const tf::Scope& scope, const tf::Output& vectors, Combiner combiner,
                   int64_t n) {
  if (combiner == Combiner::kNone) return vectors;
  const tf::Output sum = scope.Op("Sum").In(vectors).In(tf::Const(scope, int32_t{1})).Out();
  const auto count = static_cast<double>(n);
  switch (combiner) {
    case Combiner::kNone:
    case Combiner::kSum:
      return sum;
    case Combiner::kMean:
      return internal::Scale(scope, sum, 1 / count);
    case Combiner::kSqrtN:
      return internal::Scale(scope, sum, 1 / std::sqrt(count));
  }
  return {};
}

}  // namespace

tf::Output Embedding(ModelBuilder& model, const tf::Output& ids, const EmbeddingOptions& options) {
  const tf::Scope scope = model.scope().Named(options.name);
  const std::string layer = scope.FullName("Lookup");
  if (!model.graph().status().ok() ||
      !internal::CheckPositive(model, layer, "input_dim", options.input_dim) ||
      !internal::CheckPositive(model, layer, "output_dim", options.output_dim)) {
    return {};
  }
  const tf::Shape shape = IdsShape(model, ids, layer, options.combiner);
  if (shape.empty()) return {};
  const Variable& table =
      model.AddVariable(scope.FullName("embeddings"), {options.input_dim, options.output_dim},
                        options.embeddings_initializer);
  const bool is_index =
      tf::OutputType(ids) == tf::DataType::kInt32 || tf::OutputType(ids) == tf::DataType::kInt64;
  const tf::Output indices = is_index ? ids : tf::Cast(scope, ids, tf::DataType::kInt32);
  return Combine(scope, Lookup(model, scope, table, indices, options.sparse_gradient),
                 options.combiner, shape.back());
}

}  // namespace trainyard::train
