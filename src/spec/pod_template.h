// The part of a Kubernetes pod template that decides how a replica runs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "spec/reader.h"
#include "spec/tfjob.h"

namespace trainyard::spec {

struct PodTemplate {
  PodSpec pod;  // its container is the one named "tensorflow"
  std::optional<RestartPolicy> restart_policy;
};

// What differs from version to version.
struct TemplateRules {
  bool takes_first_container = false;  // whatever its name
  bool ignores_metadata = false;       // labels and annotations of the template
};

// Reads `owner`.template; `path` is the owner's. Fields that Kubernetes knows and that do not
// matter here are passed over, unknown ones refused. Other containers (sidecars) are passed over as
// well. Thread-safe.
Result<PodTemplate> ReadPodTemplate(const Reader& reader, const Node& owner, std::string_view path,
                                    const TemplateRules& rules = {});

}  // namespace trainyard::spec
