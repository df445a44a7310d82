#include "train/internal/parts.h"

#include <map>

#include "tf/ops.h"

namespace trainyard::train::internal {
namespace {

tf::Output Integer(const tf::Scope& scope, int64_t value, tf::DataType type) {
  return type == tf::DataType::kInt32 ? tf::Const(scope, static_cast<int32_t>(value))
                                      : tf::Const(scope, value);
}

// The place of each id's part among the parts: the last one that begins at or before the id.
tf::Output PartsOf(const tf::Scope& scope, const Variable& whole, const tf::Output& flat_ids) {
  std::vector<tf::Output> begins;
  for (const Variable* part : whole.parts) {
    begins.push_back(Integer(scope, part->part_of->rows.begin, tf::OutputType(flat_ids)));
  }
  const tf::Output sorted = scope.Op("Pack").InList(begins).Int("axis", 0).Out();
  const tf::Output after = scope.Op("UpperBound")
                               .In(tf::Reshape(scope, sorted, {1, -1}))
                               .In(tf::Reshape(scope, flat_ids, {1, -1}))
                               .Out();
  return tf::Reshape(scope, tf::Sub(scope, after, tf::Const(scope, int32_t{1})), {-1});
}

tf::Operation Partition(const tf::Scope& scope, const Variable& whole, const tf::Output& data,
                        const tf::Output& parts) {
  return scope.Op("DynamicPartition")
      .In(data)
      .In(parts)
      .Int("num_partitions", static_cast<int64_t>(whole.parts.size()))
      .Finish();
}

// Counted from the part's first row.
tf::Output WithinPart(const tf::Scope& scope, const Variable& part, const tf::Output& ids) {
  return tf::Sub(scope, ids, Integer(scope, part.part_of->rows.begin, tf::OutputType(ids)));
}

// Fails a run in which an id is not a row of the whole, with the ids and their places.
tf::Operation CheckIds(const tf::Scope& scope, const Variable& whole, const tf::Output& ids) {
  const tf::DataType type = tf::OutputType(ids);
  const Result<tf::Shape> shape = scope.graph().OutputShape(ids);
  // A single id has no place.
  const tf::Output placed = shape.ok() && !shape->empty() ? ids : tf::Reshape(scope, ids, {-1});
  const tf::Output bad =
      scope.Op("LogicalOr")
          .In(scope.Op("Less").In(placed).In(Integer(scope, 0, type)).Out())
          .In(scope.Op("GreaterEqual").In(placed).In(Integer(scope, whole.shape[0], type)).Out())
          .Out();
  const tf::Output places = scope.Op("Where").In(bad).Out();
  const tf::Output any =
      scope.Op("Any").In(tf::Reshape(scope, bad, {-1})).In(tf::Const(scope, int32_t{0})).Out();
  const auto text = [&](const std::string& words) {
    return tf::Const(scope, tf::Tensor::StringScalar(words));
  };
  return scope.Op("Assert", "CheckIds")
      .In(scope.Op("LogicalNot").In(any).Out())
      .InList({text(fmt::format("{}: indices", whole.name)), places, text("="),
               scope.Op("GatherNd").In(placed).In(places).Out(),
               text(fmt::format("is not in [0, {})", whole.shape[0]))})
      .Finish();
}

// `rows` [n, ...] in the shape of `ids`.
tf::Output InShapeOf(const tf::Scope& scope, const tf::Output& ids, const tf::Output& rows,
                     const Variable& whole) {
  const std::vector<int32_t> row(whole.shape.begin() + 1, whole.shape.end());
  const tf::Output sizes = ConcatRows(
      scope, {scope.Op("Shape").In(ids).Out(), tf::Const(scope, tf::Tensor::FromVector(row))});
  return scope.Op("Reshape").In(rows).In(sizes).Out();
}

void AppendParts(const tf::Scope& scope, const Gradient& gradient, std::vector<Gradient>* all) {
  const Variable& whole = *gradient.variable;
  if (!gradient.is_sparse()) {
    std::vector<RowRange> rows;
    for (const Variable* part : whole.parts) rows.push_back(part->part_of->rows);
    const std::vector<tf::Output> values = SplitByRows(scope, gradient.value, rows);
    for (size_t i = 0; i < values.size(); ++i) all->push_back({values[i], whole.parts[i]});
    return;
  }
  const tf::Output parts = PartsOf(scope, whole, gradient.indices);
  const tf::Operation indices = Partition(scope, whole, gradient.indices, parts);
  const tf::Operation values = Partition(scope, whole, gradient.value, parts);
  if (values == nullptr) return;
  for (int i = 0; i < static_cast<int>(whole.parts.size()); ++i) {
    const Variable* part = whole.parts[static_cast<size_t>(i)];
    all->push_back({{values, i}, part, WithinPart(scope, *part, {indices, i})});
  }
}

}  // namespace

std::vector<const Variable*> StoredTrainableVariables(const ModelBuilder& model) {
  std::vector<const Variable*> stored;
  for (const Variable& variable : model.variables()) {
    if (variable.trainable) stored.push_back(&variable);
  }
  return stored;
}

tf::Output ConcatRows(const tf::Scope& scope, const std::vector<tf::Output>& values) {
  if (values.size() == 1) return values.front();
  return scope.Op("ConcatV2")
      .InList(values)
      .In(tf::Const(scope, int32_t{0}))
      .Int("N", static_cast<int64_t>(values.size()))
      .Out();
}

std::vector<tf::Output> SplitByRows(const tf::Scope& scope, const tf::Output& value,
                                    const std::vector<RowRange>& rows) {
  std::vector<int64_t> sizes;
  for (const RowRange& range : rows) sizes.push_back(range.size);
  const tf::Operation split = scope.Op("SplitV")
                                  .In(value)
                                  .In(tf::Const(scope, tf::Tensor::FromVector(sizes)))
                                  .In(tf::Const(scope, int32_t{0}))
                                  .Int("num_split", static_cast<int64_t>(rows.size()))
                                  .Finish();
  std::vector<tf::Output> values(rows.size());
  for (int i = 0; i < static_cast<int>(rows.size()) && split != nullptr; ++i) {
    values[static_cast<size_t>(i)] = {split, i};
  }
  return values;
}

tf::Output LookUpRows(const tf::Scope& scope, const Variable& variable, const tf::Output& ids) {
  return scope.OnDevice(variable.device)
      .Op("ResourceGather", "Lookup")
      .In(variable.handle)
      .In(ids)
      .Type("dtype", variable.dtype)
      .Out();
}

tf::Output LookUpRowsOfParts(const tf::Scope& scope, const Variable& whole, const tf::Output& ids) {
  const tf::Operation checked = CheckIds(scope, whole, ids);
  const tf::Output flat =
      scope.Op("Identity").In(tf::Reshape(scope, ids, {-1})).Control(checked).Out();
  const tf::Output parts = PartsOf(scope, whole, flat);
  const tf::Operation ids_of_parts = Partition(scope, whole, flat, parts);
  const tf::Output order = scope.Op("Range")
                               .In(tf::Const(scope, int32_t{0}))
                               .In(scope.Op("Size").In(flat).Out())
                               .In(tf::Const(scope, int32_t{1}))
                               .Out();
  const tf::Operation places = Partition(scope, whole, order, parts);
  if (places == nullptr) return {};
  std::vector<tf::Output> orders;
  std::vector<tf::Output> rows;
  for (int i = 0; i < static_cast<int>(whole.parts.size()); ++i) {
    const Variable& part = *whole.parts[static_cast<size_t>(i)];
    orders.push_back({places, i});
    rows.push_back(LookUpRows(scope.Inside(fmt::format("part_{}", i)), part,
                              WithinPart(scope, part, {ids_of_parts, i})));
  }
  const tf::Output stitched = scope.Op("ParallelDynamicStitch").InList(orders).InList(rows).Out();
  return InShapeOf(scope, ids, stitched, whole);
}

std::vector<Gradient> GradientsOfParts(const tf::Scope& scope, std::vector<Gradient> gradients) {
  std::vector<Gradient> all;
  for (const Gradient& gradient : gradients) {
    if (gradient.variable->parts.empty()) {
      all.push_back(gradient);
    } else {
      AppendParts(scope.Inside(gradient.variable->name), gradient, &all);
    }
  }
  return all;
}

std::vector<tf::Output> SumOverParts(const tf::Scope& scope, std::span<const Gradient> gradients,
                                     const std::vector<tf::Output>& scalars) {
  std::map<std::string, std::vector<tf::Output>> by_whole;
  for (size_t i = 0; i < gradients.size(); ++i) {
    by_whole[gradients[i].variable->saved_name()].push_back(scalars[i]);
  }
  std::map<std::string, tf::Output> sums;
  for (const auto& [name, values] : by_whole) {
    sums[name] = values.size() == 1 ? values[0] : scope.Op("AddN").InList(values).Out();
  }
  std::vector<tf::Output> result;
  for (const Gradient& gradient : gradients)
    result.push_back(sums[gradient.variable->saved_name()]);
  return result;
}

}  // namespace trainyard::train::internal
