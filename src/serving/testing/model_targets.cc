#include <set>

#include "base/wire.h"
#include "serving/meta_graph.h"
#include "serving/models/model_config.h"
#include "serving/testing/fuzz_targets.h"

namespace trainyard::serving {
namespace {

Status CheckModelConfig(std::string_view text) {
  const auto models = ParseModelConfig(text, "file");
  if (!models.ok()) {
    const std::string& message = models.error().message();
    RETURN_IF_ERROR(Expect(models.error().code() == StatusCode::kInvalidArgument, "wrong use"));
    RETURN_IF_ERROR(Expect(message.size() < 2000, "an error is short"));
    return Expect(message.find('\n') == std::string::npos, "an error is one line");
  }
  std::set<std::string> names;
  for (const ModelSettings& model : *models) {
    RETURN_IF_ERROR(Expect(!model.name.empty(), "models have names"));
    RETURN_IF_ERROR(Expect(names.insert(model.name).second, "each its own"));
    RETURN_IF_ERROR(Expect(model.base_path.starts_with('/'), "paths are absolute"));
    RETURN_IF_ERROR(Expect(model.policy.num_latest >= 1, "at least one version is served"));
    RETURN_IF_ERROR(Expect(
        model.policy.kind != VersionPolicy::Kind::kSpecific || !model.policy.versions.empty(),
        "specific versions are named"));
  }
  return OkStatus();
}

Status CheckMetaGraph(std::string_view bytes) {
  static_cast<void>(HasVariables(bytes));
  const auto signatures = ReadSignatures(bytes);
  if (signatures.ok()) return OkStatus();
  return Expect(signatures.error().code() == StatusCode::kDataLoss, "damage is DataLoss");
}

// A graph with a variable in it and in a function, and a signature.
std::string SmallMetaGraph() {
  WireWriter variable;
  variable.Bytes(1, "v").Bytes(2, "VarHandleOp");
  WireWriter function;
  function.Message(3, variable);
  WireWriter library;
  library.Message(1, function);
  WireWriter graph;
  graph.Message(1, variable).Message(2, library);
  WireWriter info;
  info.Bytes(1, "x:0").Varint(2, 1);
  WireWriter signature;
  signature.MapEntry(1, "x", info).Bytes(3, "tensorflow/serving/predict");
  WireWriter meta_graph;
  meta_graph.Message(2, graph).MapEntry(5, "serving_default", signature);
  return meta_graph.str();
}

}  // namespace

std::vector<FuzzTarget> ModelTargets() {
  return {
      {.name = "model_config",
       .check = CheckModelConfig,
       .seeds = {"model_config_list { config { name: \"m\" base_path: \"/m\" model_platform: "
                 "\"tensorflow\" model_version_policy { specific { versions: 1 versions: 2 } } "
                 "version_labels { key: \"stable\" value: 1 } } }",
                 "model_config_list: { config: [ { name: 'a' base_path: 'file:///a' "
                 "model_type: TENSORFLOW model_version_policy { latest { num_versions: 3 } } } ] }",
                 "# nothing\nmodel_config_list {}"}},
      {.name = "meta_graph", .check = CheckMetaGraph, .seeds = {SmallMetaGraph()}},
  };
}

}  // namespace trainyard::serving
