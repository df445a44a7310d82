#include "train/internal/pack_transfers.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "tf/edges.h"
#include "tf/ops.h"
#include "train/internal/parts.h"

namespace trainyard::train::internal {
namespace {

constexpr tf::DataType kPacked = tf::DataType::kInt32;

// The edges over which one device sends small tensors to another.
struct Transfer {
  std::string from;
  std::string to;
  std::vector<tf::Edge> edges;
};

// By the other side's device, so that the order is the same in all replicas.
using Transfers = std::map<std::string, Transfer>;

bool IsSmall(const tf::Graph& graph, const tf::Output& output) {
  const tf::DataType dtype = tf::OutputType(output);
  if (dtype != tf::DataType::kFloat && dtype != tf::DataType::kInt32 &&
      dtype != tf::DataType::kInt64) {
    return false;
  }
  const Result<tf::Shape> shape = graph.OutputShape(output);
  if (!shape.ok() || std::ranges::any_of(*shape, [](int64_t size) { return size < 0; })) {
    return false;
  }
  const int64_t elements = tf::NumElements(*shape);
  return elements > 0 && elements * (dtype == tf::DataType::kInt64 ? 8 : 4) <= kMaxPackedBytes;
}

// As int32 [n].
tf::Output Flat(const tf::Scope& scope, const tf::Output& value) {
  const tf::Output bits = tf::OutputType(value) == kPacked
                              ? value
                              : scope.Op("Bitcast").In(value).Type("type", kPacked).Out();
  return tf::Reshape(scope, bits, {-1});
}

tf::Output Restored(const tf::Scope& scope, const tf::Output& flat, const tf::Output& like) {
  const tf::DataType dtype = tf::OutputType(like);
  const Result<tf::Shape> shape = scope.graph().OutputShape(like);
  if (!shape.ok()) return {};
  std::vector<int32_t> sizes(shape->begin(), shape->end());
  if (dtype == tf::DataType::kInt64) sizes.push_back(2);  // halves
  const tf::Output bits = tf::Reshape(scope, flat, sizes);
  return dtype == kPacked ? bits : scope.Op("Bitcast").In(bits).Type("type", dtype).Out();
}

void Pack(ModelBuilder& model, const Transfer& transfer) {
  std::vector<tf::Output> sources;
  for (const tf::Edge& edge : transfer.edges) {
    if (std::ranges::find(sources, edge.source) == sources.end()) sources.push_back(edge.source);
  }
  if (sources.size() < 2) return;
  const tf::Scope scope = tf::Scope(&model.graph()).Inside("train").Inside("transfers");
  const tf::Scope sending = scope.OnDevice(transfer.from);
  const tf::Scope receiving = scope.OnDevice(transfer.to);
  std::vector<tf::Output> flat;
  std::vector<RowRange> places;
  for (const tf::Output& source : sources) {
    flat.push_back(Flat(sending, source));
    const Result<tf::Shape> shape = model.graph().OutputShape(flat.back());
    if (!shape.ok() || shape->size() != 1) return;
    places.push_back({.begin = 0, .size = shape->front()});
  }
  const std::vector<tf::Output> received =
      SplitByRows(receiving, ConcatRows(sending, flat), places);
  std::vector<tf::Output> restored;
  for (size_t i = 0; i < sources.size(); ++i) {
    restored.push_back(Restored(receiving, received[i], sources[i]));
  }
  for (const tf::Edge& edge : transfer.edges) {
    const auto at = std::ranges::find(sources, edge.source) - sources.begin();
    tf::Reconnect(&model.graph(), edge, restored[static_cast<size_t>(at)]);
  }
}

// A tensor whose answer others are computed from cannot travel with them: it would wait for itself.
void TakeOutQuestions(Transfers* transfers) {
  std::vector<tf::Operation> sources;
  for (const auto& [device, transfer] : *transfers) {
    for (const tf::Edge& edge : transfer.edges) sources.push_back(edge.source.op);
  }
  const std::unordered_set<tf::Operation> behind = tf::OperationsBehind(sources);
  for (auto& [device, transfer] : *transfers) {
    std::erase_if(transfer.edges,
                  [&](const tf::Edge& edge) { return behind.contains(edge.reader); });
  }
}

}  // namespace

void PackTransfers(ModelBuilder& model, tf::Operation step) {
  const std::string& replica = model.scope().device();
  if (!model.graph().status().ok() || model.global_step().device == replica) return;
  const std::unordered_set<tf::Operation> of_step = tf::OperationsBehind({step});
  std::unordered_set<tf::Operation> reads;
  for (const Variable& variable : model.variables()) reads.insert(variable.value.op);
  const auto device_of = [&](tf::Operation op) {
    const std::string device = tf::OperationDevice(op);
    return device.empty() ? replica : device;
  };
  Transfers to_replica;
  Transfers to_servers;
  bool has_conditions = false;
  for (const tf::Operation op : tf::OperationsOf(model.graph())) {
    if (!of_step.contains(op)) continue;
    if (tf::OperationType(op) == "Switch") has_conditions = true;
    const std::string to = device_of(op);
    for (const tf::Edge& edge : tf::InputsOf(op)) {
      const std::string from = device_of(edge.source.op);
      if (from == to || (from == replica) == (to == replica)) continue;
      if (!IsSmall(model.graph(), edge.source)) continue;
      const bool is_read = reads.contains(edge.source.op);
      if (to == replica ? !is_read : tf::OperationType(edge.source.op) == "Const") continue;
      Transfer& transfer = to == replica ? to_replica[from] : to_servers[to];
      transfer.from = from;
      transfer.to = to;
      transfer.edges.push_back(edge);
    }
  }
  TakeOutQuestions(&to_servers);
  for (const auto& [device, transfer] : to_replica) Pack(model, transfer);
  if (has_conditions) return;
  for (const auto& [device, transfer] : to_servers) Pack(model, transfer);
}

}  // namespace trainyard::train::internal
