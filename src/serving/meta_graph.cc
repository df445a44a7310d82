#include "serving/meta_graph.h"

#include <algorithm>
#include <string>

#include "base/wire.h"

namespace trainyard::serving {
namespace {

constexpr int kGraphDef = 2;
constexpr int kSignatureDef = 5;

using Names = std::initializer_list<std::string_view>;

// Whether any NodeDef under field `node_field` of `message` is one of these operations.
bool HasNode(std::string_view message, int node_field, Names names) {
  WireReader graph(message);
  while (graph.Next()) {
    if (graph.field() != node_field) continue;
    WireReader node(graph.bytes());
    while (node.Next()) {
      if (node.field() != 2) continue;
      if (std::find(names.begin(), names.end(), node.bytes()) != names.end()) return true;
      break;
    }
  }
  return false;
}

// FunctionDefLibrary.function[].node_def[]
bool HasNodeInFunctions(std::string_view library, Names names) {
  WireReader reader(library);
  while (reader.Next()) {
    if (reader.field() == 1 && HasNode(reader.bytes(), 3, names)) return true;
  }
  return false;
}

// In the graph or in a function of it.
bool HasOperation(std::string_view meta_graph, Names names) {
  WireReader reader(meta_graph);
  while (reader.Next()) {
    if (reader.field() != kGraphDef) continue;
    if (HasNode(reader.bytes(), 1, names)) return true;
    WireReader graph(reader.bytes());
    while (graph.Next()) {
      if (graph.field() == 2 && HasNodeInFunctions(graph.bytes(), names)) return true;
    }
  }
  return false;
}

}  // namespace

Result<::tensorflow::serving::SignatureDefMap> ReadSignatures(std::string_view meta_graph) {
  // A MetaGraphDef's signature map has the same entry layout as SignatureDefMap's only field.
  ::tensorflow::serving::SignatureDefMap signatures;
  WireReader reader(meta_graph);
  while (reader.Next()) {
    if (reader.field() != kSignatureDef) continue;
    WireWriter map;
    map.Bytes(1, reader.bytes());
    if (!signatures.MergeFromString(map.str())) {
      return DataLossError("the SavedModel's signatures cannot be read");
    }
  }
  if (!reader.ok()) return DataLossError("the SavedModel's meta graph cannot be read");
  return signatures;
}

bool HasVariables(std::string_view meta_graph) {
  return HasOperation(meta_graph, {"VarHandleOp", "VariableV2", "Variable"});
}

bool HasLoops(std::string_view meta_graph) {
  return HasOperation(meta_graph, {"While", "StatelessWhile", "NextIteration"});
}

}  // namespace trainyard::serving
