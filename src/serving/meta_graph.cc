#include "serving/meta_graph.h"

#include <string>

#include "base/wire.h"

namespace trainyard::serving {
namespace {

constexpr int kGraphDef = 2;
constexpr int kSignatureDef = 5;

// Whether any NodeDef under field `node_field` of `message` is a variable.
bool HasVariableNode(std::string_view message, int node_field) {
  WireReader graph(message);
  while (graph.Next()) {
    if (graph.field() != node_field) continue;
    WireReader node(graph.bytes());
    while (node.Next()) {
      if (node.field() != 2) continue;
      const std::string_view op = node.bytes();
      if (op == "VarHandleOp" || op == "VariableV2" || op == "Variable") return true;
      break;
    }
  }
  return false;
}

// FunctionDefLibrary.function[].node_def[]
bool HasVariableInFunctions(std::string_view library) {
  WireReader reader(library);
  while (reader.Next()) {
    if (reader.field() == 1 && HasVariableNode(reader.bytes(), 3)) return true;
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
  WireReader reader(meta_graph);
  while (reader.Next()) {
    if (reader.field() != kGraphDef) continue;
    if (HasVariableNode(reader.bytes(), 1)) return true;
    WireReader graph(reader.bytes());
    while (graph.Next()) {
      if (graph.field() == 2 && HasVariableInFunctions(graph.bytes())) return true;
    }
  }
  return false;
}

}  // namespace trainyard::serving
