// A container's `env` and `envFrom`. Internal to container.cc.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "spec/pod.h"
#include "spec/reader.h"

namespace trainyard::spec {

// `path` is the container's. InvalidArgument for a name that no variable can have, for a source
// that is not complete, and for two sources of one value. Thread-safe.
Status ReadEnv(const Reader& reader, const Node& container, const std::string& path,
               std::vector<EnvVar>* out);
Status ReadEnvFrom(const Reader& reader, const Node& container, const std::string& path,
                   std::vector<EnvFrom>* out);

}  // namespace trainyard::spec
