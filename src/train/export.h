// Exporting a trained model for serving.
#pragma once

#include <string>

#include "base/status.h"
#include "train/input.h"
#include "train/model_spec.h"

namespace trainyard::train {

struct ExportOptions {
  std::string export_base;  // versions are directories below it
  std::string checkpoint;   // prefix of the checkpoint to export
  InputSpec serving_input;  // the signature's inputs; labels are ignored
};

// Writes the model as a SavedModel to <export_base>/<seconds since 1970>, signatures `predict` and
// `serving_default` from the model function's predictions. It is made in
// <export_base>/temp-<version> and renamed when whole, so that a model server never sees half of
// one; a failed export leaves nothing behind. Returns the version's directory.
Result<std::string> ExportModel(const ModelFn& model_fn, const ExportOptions& options);

}  // namespace trainyard::train
