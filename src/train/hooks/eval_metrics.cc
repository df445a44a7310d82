#include "train/hooks/eval_metrics.h"

#include "base/files.h"
#include "records/event_reader.h"

namespace trainyard::train {

Result<std::map<int64_t, std::map<std::string, double>>> ReadEvalMetrics(
    const std::string& eval_dir) {
  std::map<int64_t, std::map<std::string, double>> metrics;
  if (!IsDirectory(eval_dir)) return metrics;
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDirectory(eval_dir));
  for (const std::string& name : names) {  // sorted: older files first
    if (name.find("tfevents") == std::string::npos) continue;
    ASSIGN_OR_RETURN(const auto events, records::EventReader::Open(JoinPath(eval_dir, name)));
    records::Event event;
    while (true) {
      ASSIGN_OR_RETURN(const bool found, events->Next(&event));
      if (!found) break;
      for (const auto& [tag, value] : event.scalars) {
        metrics[event.step][tag] = static_cast<double>(value);
      }
    }
  }
  return metrics;
}

}  // namespace trainyard::train
