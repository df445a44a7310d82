#include "spec/parse_tfjob.h"

#include <utility>

#include "spec/job_file.h"

namespace trainyard::spec {

Result<TFJob> ParseTFJob(std::string_view text, std::string_view file_name,
                         const ParseOptions& options) {
  ASSIGN_OR_RETURN(JobFile file, ParseJobFile(text, file_name, options));
  if (file.jobs.size() > 1) {
    return InvalidArgumentError("{}: {} jobs, of which \"{}\" is the second; expected one",
                                file_name, file.jobs.size(), file.jobs[1].name);
  }
  return std::move(file.jobs.front());
}

}  // namespace trainyard::spec
