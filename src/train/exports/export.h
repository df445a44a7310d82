// Exporting a trained model for serving.
#pragma once

#include <string>

#include "base/status.h"
#include "train/exports/serving_input.h"
#include "train/model_spec.h"

namespace trainyard::train {

struct ExportOptions {
  std::string export_base;     // versions are directories below it
  std::string checkpoint;      // prefix of the checkpoint to export
  ServingInput serving_input;  // the signatures' inputs
};

// Writes the model as a SavedModel to <export_base>/<seconds since 1970>, with the signatures of
// ModelSpec::export_outputs and its assets' files in assets/. A signature that cannot be served is
// an error (Estimator drops it, and a server lacks it later). It is made in
// <export_base>/temp-<version> and renamed when whole, so that a model server never sees half of
// one; a failed export leaves nothing behind. Returns the version's directory.
Result<std::string> ExportModel(const ModelFn& model_fn, const ExportOptions& options);

}  // namespace trainyard::train
