// Starting from what another model has learned.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "train/model_builder.h"

namespace trainyard::train {

// As tf.estimator.WarmStartSettings: which variables of a new model take their first values from a
// checkpoint. Used once, when the model directory has no checkpoint yet.
//
//   TrainOptions options{.warm_start = WarmStartSettings{
//       .ckpt_to_initialize_from = "out/old/model", .vars_to_warm_start = {"conv2d.*/"}}};
struct WarmStartSettings {
  // A checkpoint's prefix, or a model directory: its newest checkpoint.
  std::string ckpt_to_initialize_from;
  // Regular expressions (ECMAScript) that match a name from its beginning, as Python's re.match
  // does; a variable that any of them matches is taken, an optimizer's slots included where they
  // match. The default matches the trainable variables only.
  std::vector<std::string> vars_to_warm_start;
  // Names of variables here to their names in the checkpoint, where they differ.
  std::map<std::string, std::string> var_name_to_prev_var_name;
};

// Adds the operation that assigns the values. Fails with NotFound if the checkpoint, or a variable
// in it, is missing; InvalidArgument if types or shapes differ, an expression is no regular
// expression or matches nothing, or var_name_to_prev_var_name names a variable that is not warm
// started. Messages name the variable.
Result<tf::Operation> AddWarmStart(const ModelBuilder& model, const WarmStartSettings& settings);

}  // namespace trainyard::train
