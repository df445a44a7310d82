// Which models are not served yet, and why: what /readyz and the health service tell.
#pragma once

#include <string>
#include <vector>

namespace trainyard::serving {

struct MissingModel {
  std::string name;
  std::string why;  // one line
};

// A plain value.
struct ReadyReport {
  size_t num_models = 0;
  std::vector<MissingModel> missing;  // without any version that answers; sorted by name

  bool is_ready() const { return missing.empty(); }
};

// For people: "ready: 3 models", or "not ready: 1 of 3 models is missing" and one line for each.
std::string FormatReadyReport(const ReadyReport& report);

}  // namespace trainyard::serving
