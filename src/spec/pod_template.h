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
  PodSpec pod;
  std::optional<RestartPolicy> restart_policy;  // the template's own
};

// What differs from version to version.
struct TemplateRules {
  bool takes_first_container = false;  // whatever its name, instead of the one named "tensorflow"
  bool ignores_metadata = false;       // labels and annotations of the template
};

// Reads `owner`.template; `path` is the owner's. Fields that Kubernetes knows and that do not
// matter here are passed over, unknown ones refused. Of other containers (sidecars) only the name
// and the image are looked at. Thread-safe.
Result<PodTemplate> ReadPodTemplate(const Reader& reader, const Node& owner, std::string_view path,
                                    const TemplateRules& rules = {});

}  // namespace trainyard::spec
