// A file as a person submits it: one or more jobs, and the objects they refer to.
//
//   ASSIGN_OR_RETURN(JobFile file, ParseJobFile(text, "job.yaml"));
//   for (const TFJob& job : file.jobs) Run(job, file.objects);
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "spec/objects.h"
#include "spec/parse_tfjob.h"
#include "spec/tfjob.h"

namespace trainyard::spec {

struct JobFile {
  std::vector<TFJob> jobs;  // TFJobs of any version and batch/v1 Jobs, in the order written
  Objects objects;          // ConfigMaps and Secrets of the same file
};

// Reads every document (also the items of a `kind: List`); objects of kinds that are neither jobs
// nor needed by them are passed over. Overrides apply to every job. InvalidArgument
// `<file_name>:<line>:<column>: why` for the first mistake, for a file without any job, and for two
// jobs of one name and namespace. Pure, thread-safe.
Result<JobFile> ParseJobFile(std::string_view text, std::string_view file_name,
                             const ParseOptions& options = {});

}  // namespace trainyard::spec
