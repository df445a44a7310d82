#include "train/exports/saved_model_proto.h"

#include "base/wire.h"
#include "tf/runtime.h"

namespace trainyard::train {
namespace {

Result<WireWriter> EncodeTensorInfo(const tf::Graph& graph, const tf::Output& output) {
  ASSIGN_OR_RETURN(const tf::Shape shape, graph.OutputShape(output));
  WireWriter dims;
  for (const int64_t size : shape) {
    WireWriter dim;
    dim.Varint(1, static_cast<uint64_t>(size));
    dims.Message(2, dim);
  }
  WireWriter info;
  info.Bytes(1, tf::OutputName(output));
  info.Varint(2, static_cast<uint64_t>(tf::OutputType(output)));
  info.Message(3, dims);
  return info;
}

Result<WireWriter> EncodeSignature(const tf::Graph& graph,
                                   const SavedModelParts::Signature& parts) {
  WireWriter signature;
  for (const auto& [alias, tensor] : parts.inputs) {
    ASSIGN_OR_RETURN(const WireWriter info, EncodeTensorInfo(graph, tensor));
    signature.MapEntry(1, alias, info);
  }
  for (const auto& [alias, tensor] : parts.outputs) {
    ASSIGN_OR_RETURN(const WireWriter info, EncodeTensorInfo(graph, tensor));
    signature.MapEntry(2, alias, info);
  }
  signature.Bytes(3, parts.method);
  return signature;
}

WireWriter EncodeSaver(const Saver& saver) {
  constexpr int kV2 = 2;
  WireWriter def;
  def.Bytes(1, tf::OutputName(saver.filename())).Bytes(2, tf::OutputName(saver.saved_name()));
  def.Bytes(3, tf::OperationName(saver.restore_all())).Varint(4, 5).Varint(5, 1);
  def.Float(6, 10000.0f).Varint(7, kV2);
  return def;
}

// SaveSliceInfoDef.
WireWriter EncodeSlice(const Variable& part) {
  const WholeVariable& whole = *part.part_of;
  WireWriter info;
  info.Bytes(1, whole.name);
  for (const int64_t size : whole.shape) info.Varint(2, static_cast<uint64_t>(size));
  for (size_t i = 0; i < whole.shape.size(); ++i) {
    info.Varint(3, i == 0 ? static_cast<uint64_t>(whole.rows.begin) : 0);
  }
  for (const int64_t size : part.shape) info.Varint(4, static_cast<uint64_t>(size));
  return info;
}

WireWriter EncodeVariable(const Variable& variable) {
  WireWriter def;
  def.Bytes(1, variable.name + ":0").Bytes(2, tf::OperationName(variable.initialize));
  def.Bytes(3, tf::OutputName(variable.value));
  if (variable.part_of.has_value()) def.Message(4, EncodeSlice(variable));
  def.Varint(5, 1);  // a resource variable
  def.Varint(7, variable.trainable ? 1 : 0);
  return def;
}

// A collection of encoded VariableDefs, as `bytes_list`.
WireWriter EncodeVariables(const ModelBuilder& model, bool only_trainable) {
  WireWriter list;
  for (const Variable& variable : model.variables()) {
    if (only_trainable && !variable.trainable) continue;
    list.Message(1, EncodeVariable(variable));
  }
  WireWriter collection;
  collection.Message(2, list);
  return collection;
}

WireWriter EncodeNodeList(const std::string& name) {
  WireWriter list;
  list.Bytes(1, name);
  WireWriter collection;
  collection.Message(1, list);
  return collection;
}

// Twice: in the field that newer loaders read, and in the collection of the older ones.
void AppendAssets(const std::vector<SavedModelParts::Asset>& assets, WireWriter* meta_graph) {
  if (assets.empty()) return;
  WireWriter list;
  for (const SavedModelParts::Asset& asset : assets) {
    WireWriter info;
    info.Bytes(1, tf::OutputName(asset.tensor));
    WireWriter def;
    def.Message(1, info).Bytes(2, asset.filename);
    meta_graph->Message(6, def);
    WireWriter any;
    any.Bytes(1, "type.googleapis.com/tensorflow.AssetFileDef").Message(2, def);
    list.Message(1, any);
  }
  WireWriter collection;
  collection.Message(5, list);  // any_list
  meta_graph->MapEntry(4, "saved_model_assets", collection);
}

// What every meta graph has; `tag` may be empty.
Result<WireWriter> StartMetaGraph(const ModelGraph& model, const std::string& tag) {
  ASSIGN_OR_RETURN(const std::string graph_def, model.graph().Serialize());
  WireWriter info;
  if (!tag.empty()) info.Bytes(4, tag);
  info.Bytes(5, tf::RuntimeVersion());
  WireWriter meta_graph;
  meta_graph.Message(1, info).Bytes(2, graph_def).Message(3, EncodeSaver(model.saver()));
  meta_graph.MapEntry(4, "variables", EncodeVariables(model.model(), false));
  meta_graph.MapEntry(4, "trainable_variables", EncodeVariables(model.model(), true));
  return meta_graph;
}

}  // namespace

Result<std::string> EncodeTrainingGraph(const ModelGraph& model) {
  ASSIGN_OR_RETURN(WireWriter meta_graph, StartMetaGraph(model, ""));
  const std::string train_op = tf::OperationName(model.spec().train_op);
  meta_graph.MapEntry(4, "train_op", EncodeNodeList(train_op));
  return meta_graph.str();
}

Result<std::string> EncodeSavedModel(const ModelGraph& model, const SavedModelParts& parts) {
  ASSIGN_OR_RETURN(WireWriter meta_graph, StartMetaGraph(model, "serve"));
  meta_graph.MapEntry(4, "saved_model_main_op", EncodeNodeList(tf::OperationName(parts.main_op)));
  for (const SavedModelParts::Signature& signature : parts.signatures) {
    ASSIGN_OR_RETURN(const WireWriter encoded, EncodeSignature(model.graph(), signature));
    meta_graph.MapEntry(5, signature.name, encoded);
  }
  AppendAssets(parts.assets, &meta_graph);
  return WireWriter().Varint(1, 1).Message(2, meta_graph).str();
}

}  // namespace trainyard::train
