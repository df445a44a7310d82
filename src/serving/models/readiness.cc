#include "serving/models/readiness.h"

#include <fmt/format.h>

namespace trainyard::serving {

std::string FormatReadyReport(const ReadyReport& report) {
  if (report.is_ready()) {
    return fmt::format("ready: {} model{}\n", report.num_models, report.num_models == 1 ? "" : "s");
  }
  std::string text = fmt::format("not ready: {} of {} model{} missing\n", report.missing.size(),
                                 report.num_models, report.num_models == 1 ? " is" : "s are");
  for (const MissingModel& model : report.missing) {
    text += fmt::format("{}: {}\n", model.name, model.why);
  }
  return text;
}

}  // namespace trainyard::serving
