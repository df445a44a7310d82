// What REST tells about models: status, metadata, the list. Pure but for the catalogue,
// which is asked; thread-safe. The first two are TensorFlow Serving's to the byte.
#pragma once

#include <string>

#include "base/status.h"
#include "serving/models/catalogue.h"
#include "tensorflow/serving/status.pb.h"

namespace trainyard::serving {

// {"model_version_status": [...]}
Result<std::string> WriteStatus(const ::tensorflow::serving::GetModelStatusResponse& response);

// {"model_spec": ..., "metadata": {"signature_def": ...}}
Result<std::string> WriteMetadata(const Servable& servable);

// {"models": [{"name": ..., "model_version_status": [...]}]}, sorted by name.
std::string WriteModels(const Catalogue& models);

}  // namespace trainyard::serving
