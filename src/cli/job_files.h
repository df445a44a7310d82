// From what a person gives `trainyard run` to jobs: files, a program with counts, or the record of
// an earlier run. Reads files; thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "local/state/job_record.h"
#include "local/state/store.h"
#include "spec/objects.h"
#include "spec/tfjob.h"

namespace trainyard::cli {

struct LoadedJob {
  spec::TFJob job{};
  spec::Objects objects{};
  std::string text{};  // what the file says about it
  std::string file{};  // absolute; empty if it came from no file
  std::vector<std::string> overrides{};
};

// Every job of every file, in order. ConfigMaps and Secrets that a job refers to and that its file
// lacks are looked for in the other YAML and JSON files of the same directory.
Result<std::vector<LoadedJob>> LoadJobFiles(const std::vector<std::string>& files,
                                            const std::vector<std::string>& overrides);

// A job of replicas that all run `program`. An empty name: after the program.
Result<LoadedJob> MakeJob(const std::vector<std::string>& program,
                          const std::map<spec::ReplicaType, int>& counts, std::string name);

// The job of a record, with further overrides.
Result<LoadedJob> LoadRecordedJob(const local::JobStore& store, const local::JobRecord& record,
                                  const std::vector<std::string>& more_overrides);

// Whether the job refers to a ConfigMap or Secret that is not among the objects. Pure.
bool LacksObjects(const spec::TFJob& job, const spec::Objects& objects);

}  // namespace trainyard::cli
