// The versions of one model that answer requests, at one moment: what a request is looked up in.
//
// Immutable once published, shared between the manager and the lookups under way.
#pragma once

#include <map>
#include <memory>

#include "serving/servable.h"
#include "serving/versions/model_settings.h"
#include "tensorflow/serving/model.pb.h"

namespace trainyard::serving {

struct ServedSet {
  std::map<int64_t, std::shared_ptr<const Servable>> versions;
  VersionLabels labels;

  // The version that `spec` asks for, the highest if it does not say which. The texts are
  // TensorFlow Serving's: NotFound for a version that is not here, InvalidArgument for an unknown
  // label. The name in `spec` is not looked at, but quoted.
  Result<std::shared_ptr<const Servable>> Find(const ::tensorflow::serving::ModelSpec& spec) const;
};

// The version that a label stands for, or the error for an unknown one.
Result<int64_t> FindLabel(const VersionLabels& labels, const std::string& label);

}  // namespace trainyard::serving
