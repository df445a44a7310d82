// The bytes of saved_model.pb, and of the graph that goes with a checkpoint. Pure.
//
// Source: tensorflow/core/protobuf/{saved_model,meta_graph,saver}.proto and the collections that
// Estimator's export writes, so that TensorFlow 2 in Python finds the variables.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "train/model_graph.h"

namespace trainyard::train {

// What goes into the meta graph beside the graph itself.
struct SavedModelParts {
  struct Signature {
    std::string name;
    std::string method;
    std::map<std::string, tf::Output> inputs;
    std::map<std::string, tf::Output> outputs;
  };
  struct Asset {
    tf::Output tensor;     // the string scalar that names the file
    std::string filename;  // in assets/
  };
  std::vector<Signature> signatures;
  std::vector<Asset> assets;
  tf::Operation main_op = nullptr;  // run after restoring
};

// The serialized SavedModel with one meta graph, tagged `serve`.
Result<std::string> EncodeSavedModel(const ModelGraph& model, const SavedModelParts& parts);

// A training graph as the serialized MetaGraphDef that stands beside a checkpoint (`.meta`): graph,
// saver, and the collections `variables`, `trainable_variables` and `train_op`. For
// tf.compat.v1.train.import_meta_graph, with clear_devices where the graph is a cluster's.
Result<std::string> EncodeTrainingGraph(const ModelGraph& model);

}  // namespace trainyard::train
