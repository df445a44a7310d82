#include "job/replica.h"

#include <fmt/format.h>

namespace trainyard::job {

std::string ReplicaId::Name() const {
  return fmt::format("{}-{}", spec::TaskTypeName(type), index);
}

}  // namespace trainyard::job
