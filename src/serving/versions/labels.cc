#include "serving/versions/labels.h"

namespace trainyard::serving {

VersionLabels ResolveLabels(const VersionLabels& configured, const VersionLabels& before,
                            const std::function<bool(int64_t)>& is_served) {
  VersionLabels now = configured;
  for (auto& [label, version] : now) {
    if (is_served(version)) continue;
    const auto old = before.find(label);
    if (old != before.end() && is_served(old->second)) version = old->second;
  }
  return now;
}

}  // namespace trainyard::serving
