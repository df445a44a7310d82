#include "serving/versions/served_set.h"

namespace trainyard::serving {

Result<int64_t> FindLabel(const VersionLabels& labels, const std::string& label) {
  const auto found = labels.find(label);
  if (found != labels.end()) return found->second;
  return InvalidArgumentError("Unrecognized servable version label: {}", label);
}

Result<std::shared_ptr<const Servable>> ServedSet::Find(
    const ::tensorflow::serving::ModelSpec& spec) const {
  int64_t version = 0;
  switch (spec.version_choice_case()) {
    case spec.kVersion:
      version = spec.version().value();
      break;
    case spec.kVersionLabel: {
      ASSIGN_OR_RETURN(version, FindLabel(labels, spec.version_label()));
      break;
    }
    case spec.VERSION_CHOICE_NOT_SET:
      if (!versions.empty()) return versions.rbegin()->second;
      return NotFoundError("Servable not found for request: Latest({})", spec.name());
  }
  const auto found = versions.find(version);
  if (found != versions.end()) return found->second;
  return NotFoundError("Servable not found for request: Specific({}, {})", spec.name(), version);
}

}  // namespace trainyard::serving
