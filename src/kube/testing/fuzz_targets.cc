#include "kube/testing/fuzz_targets.h"

namespace trainyard {

std::vector<FuzzTarget> FuzzTargets() {
  std::vector<FuzzTarget> all;
  for (const auto& targets : {kube::ObjectTargets(), kube::StreamTargets(),
                              kube::CredentialTargets(), kube::AnswerTargets()}) {
    all.insert(all.end(), targets.begin(), targets.end());
  }
  return all;
}

}  // namespace trainyard
