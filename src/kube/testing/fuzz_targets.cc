#include "kube/testing/fuzz_targets.h"

namespace trainyard {
namespace kube {

bool HasFarYear(std::string_view text) {
  for (size_t dash = 4; dash < text.size(); ++dash) {
    if (text[dash] != '-') continue;
    const std::string_view year = text.substr(dash - 4, 4);
    const bool is_number = year.find_first_not_of("0123456789") == year.npos;
    if (is_number && (year < "1678" || year > "2261")) return true;
  }
  return false;
}

}  // namespace kube

std::vector<FuzzTarget> FuzzTargets() {
  std::vector<FuzzTarget> all;
  for (const auto& targets : {kube::ObjectTargets(), kube::StreamTargets(),
                              kube::CredentialTargets(), kube::AnswerTargets()}) {
    all.insert(all.end(), targets.begin(), targets.end());
  }
  return all;
}

}  // namespace trainyard
