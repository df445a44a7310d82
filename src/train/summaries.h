// What a model shows of itself in TensorBoard besides its scalars (ModelBuilder::AddScalarSummary).
//
// Called in the model function, while it builds for training (in the other modes nothing is
// written). Values are fetched in the steps that write summaries alone: every
// RunConfig::save_summary_steps. A failure stays in the graph's status. As tf.compat.v1.summary.
#pragma once

#include <map>
#include <string>
#include <variant>

#include "base/status.h"
#include "tf/graph.h"
#include "train/model_builder.h"

namespace trainyard::train {

// The distribution of all elements of `values` (any shape, a number type), such as a layer's
// weights. Values that are not finite fail the step: "Nan in summary histogram".
void AddHistogramSummary(ModelBuilder& model, const std::string& tag, const tf::Output& values);

// The first `max_outputs` images of the batch `images` [batch, height, width, channels], 1, 3 or 4
// channels, uint8, or float: those are scaled so that they fill the range, as upstream does. Tags
// are "<tag>/image/<i>", or "<tag>/image" for one.
void AddImageSummary(ModelBuilder& model, const std::string& tag, const tf::Output& images,
                     int max_outputs = 3);

// The string tensor `text`, shown as Markdown; a tensor of rank 1 or 2 is shown as a table.
void AddTextSummary(ModelBuilder& model, const std::string& tag, const tf::Output& text);

// A hyperparameter's value.
using Hyperparameter = std::variant<double, bool, std::string>;

// Writes the hyperparameters of a run to an event file of its own in `model_dir` (made if it is
// missing), for the HParams page of TensorBoard, which compares the runs below one directory. Call
// once, on the chief, before training. The page takes its metrics from the run's scalars. As
// `hp.hparams` of tensorboard.plugins.hparams. InvalidArgument without hyperparameters.
//
//   RETURN_IF_ERROR(WriteHyperparameters(config.model_dir, {{"rate", 0.1}, {"units", 64.0}}));
Status WriteHyperparameters(const std::string& model_dir,
                            const std::map<std::string, Hyperparameter>& hyperparameters);

}  // namespace trainyard::train
