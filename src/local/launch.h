// What is to be executed for one replica: program, arguments, environment, directory. Reads the
// file system to find the program; starts nothing. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "job/replica.h"
#include "local/expand.h"
#include "spec/cluster_spec.h"
#include "spec/tfjob.h"

namespace trainyard::local {

struct LaunchContext {
  Environment environment{};                       // inherited by every replica
  std::string directory{};                         // absolute; where replicas start
  std::vector<std::string> program_directories{};  // asked after $PATH
  std::string workdir{};                           // absolute; $TRAINYARD_OUT
  std::string progress_path{};                     // of this replica
  spec::ClusterSpec cluster{};
};

struct Launch {
  std::string program{};
  std::vector<std::string> argv{};
  Environment env{};
  std::string directory{};
  spec::ResourceLimits limits{};     // those that are enforced
  std::vector<std::string> notes{};  // what differs from the pod this replica would be
};

// The container's environment is: what is inherited; the file's `env`, each value expanded with
// what stands before it; and, whatever the file says about them,
//
//   TF_CONFIG                this replica's, or none in a job of one replica
//   TRAINYARD_OUT            the work directory
//   TRAINYARD_JOB            the job's name
//   TRAINYARD_REPLICA        "worker-1"
//   TRAINYARD_PROGRESS_FILE  where to report progress
//
// PYTHONUNBUFFERED=1 is set unless the file or this process sets it, so that Python's output
// appears as it is printed. InvalidArgument if the container has no command or a variable's source
// is unknown; else FindProgram()'s reasons.
Result<Launch> BuildLaunch(const spec::TFJob& job, const job::ReplicaId& id,
                           const LaunchContext& context);

}  // namespace trainyard::local
