// Loading a SavedModel: graph, session and signatures.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "tf/graph.h"
#include "tf/session.h"

namespace trainyard::tf {

// One input or output of a signature: the tensor behind a public alias.
struct TensorInfo {
  std::string name;  // "image:0"
  DataType dtype = DataType::kInvalid;
  Shape shape;                // -1 for unknown sizes
  bool unknown_rank = false;  // then shape is empty and says nothing
};

struct Signature {
  std::string method_name;  // "tensorflow/serving/predict"
  std::map<std::string, TensorInfo> inputs;
  std::map<std::string, TensorInfo> outputs;
};

// A loaded model. The members are destroyed in the right order: session before graph.
struct SavedModel {
  std::unique_ptr<Graph> graph;
  std::unique_ptr<Session> session;
  std::map<std::string, Signature> signatures;
  std::string meta_graph;  // the serialized MetaGraphDef
};

// Loads `<directory>/saved_model.pb` and its variables. NotFound if no meta graph has exactly these
// tags, or a file is missing; DataLoss if the signatures cannot be read, or the graph is
// damaged so that TensorFlow would end the process over it.
Result<SavedModel> LoadSavedModel(const std::string& directory,
                                  const std::vector<std::string>& tags,
                                  const SessionConfig& config);

// The signatures of a serialized MetaGraphDef. Input is untrusted.
Result<std::map<std::string, Signature>> ParseSignatures(std::string_view meta_graph);

}  // namespace trainyard::tf
