// The command line of trainyard-operator.
#pragma once

#include <optional>

#include "operator/manager.h"

namespace trainyard::operators {

struct ParsedFlags {
  ManagerOptions options;
  // Set: end with this code; what is to be said has been said (help, or one line about a mistake).
  std::optional<int> exit_code;
};

// Flags of training-operator v1.9 are taken by their names. Also reads $KUBEFLOW_NAMESPACE and
// $CUSTOM_CLUSTER_DOMAIN, and sets the log's level and format.
ParsedFlags ParseFlags(int argc, char** argv);

}  // namespace trainyard::operators
