// What a TFJob must fulfil beyond the types of its fields.
#pragma once

#include <string>
#include <vector>

#include "spec/tfjob.h"

namespace trainyard::spec {

struct Problem {
  std::string path;     // the field, such as "metadata.name" or "spec.tfReplicaSpecs.Worker"
  std::string message;  // what was expected of it

  friend bool operator==(const Problem&, const Problem&) = default;
};

struct ValidateOptions {
  // An image is needed to make a pod, not to start a process on this machine.
  bool require_image = true;
};

// Every broken rule, empty if the job is fine. The rules are the validating webhook's of v1.9 and
// those it should have had: no replica types at all, negative counts, both Chief and Master in any
// letter case, names that are too long together with "-<type>-<index>". Pure, thread-safe.
std::vector<Problem> Validate(const TFJob& job, const ValidateOptions& options = {});

}  // namespace trainyard::spec
