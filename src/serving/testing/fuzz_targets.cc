#include "serving/testing/fuzz_targets.h"

namespace trainyard {

std::vector<FuzzTarget> FuzzTargets() {
  std::vector<FuzzTarget> all;
  for (const auto& targets : {serving::ModelTargets(), serving::RequestTargets()}) {
    all.insert(all.end(), targets.begin(), targets.end());
  }
  return all;
}

}  // namespace trainyard
