// The variables of a container: envFrom and env of the job file, with values from the pod's
// fields, the container's resources, ConfigMaps and Secrets. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "job/replica.h"
#include "local/launch/expand.h"
#include "spec/objects.h"
#include "spec/tfjob.h"

namespace trainyard::local {

// What this machine is, where a pod would be told about its node.
struct Machine {
  std::string host_name{};
  int cores = 1;
  int64_t memory_bytes = 0;
};

// Asks the system.
Machine ThisMachine();

struct ContainerVariables {
  Environment values{};
  std::vector<std::string> notes{};
};

// "a, b", or "none": what there is, in a message about what there is not.
template <class Map>
std::string NamesOf(const Map& map) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

// The one line for a ConfigMap or Secret that `what` refers to and that is nowhere.
Status MissingObjectError(std::string_view what, std::string_view kind, std::string_view name,
                          std::string_view there_are);

// As Kubernetes does it: envFrom in its order, then env in its order, each value expanded with what
// stands before it; a later value of a name replaces an earlier one. `own` are variables that the
// file cannot change: they come first and win. InvalidArgument names the variable and what is
// missing: the object, the key, and what there is instead.
Result<ContainerVariables> BuildContainerVariables(const spec::TFJob& job, const job::ReplicaId& id,
                                                   const spec::Objects& objects,
                                                   const Environment& own, const Machine& machine);

}  // namespace trainyard::local
