// What the labels of a model stand for. Pure.
#pragma once

#include <functional>

#include "serving/versions/model_settings.h"

namespace trainyard::serving {

// The version that each configured label means now. A label moves to its new version when that one
// answers; until then it means what it meant `before`, if that still answers, so that no request by
// label fails because its next version is being loaded.
VersionLabels ResolveLabels(const VersionLabels& configured, const VersionLabels& before,
                            const std::function<bool(int64_t)>& is_served);

}  // namespace trainyard::serving
