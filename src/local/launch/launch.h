// What is to be executed for one replica: program, arguments, environment, directory, volumes,
// limits. Reads the file system to find them; starts and writes nothing. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "job/replica.h"
#include "local/launch/container_env.h"
#include "local/launch/expand.h"
#include "local/launch/launch_options.h"
#include "local/launch/volumes.h"
#include "local/process/cgroup.h"
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
  LaunchOptions options{};
  Machine machine{};
  CgroupTrees trees{};  // FindCgroupTrees() if HasLimits(job)
};

struct Launch {
  std::string program{};
  std::vector<std::string> argv{};
  Environment env{};
  std::string directory{};
  std::vector<VolumeDirectory> volumes{};  // to be prepared before each start
  spec::ResourceLimits limits{};           // those that are enforced
  std::vector<std::string> notes{};        // what differs from the pod this replica would be
};

// Whether any replica has limits that could be enforced.
bool HasLimits(const spec::TFJob& job);

// The replica's environment, later ones winning: what is inherited; the image's ENV; the
// container's envFrom and env; and, whatever the file says about them,
//
//   TF_CONFIG                this replica's, or none in a job of one replica and in a batch/v1 Job
//   JOB_COMPLETION_INDEX     in an indexed batch/v1 Job
//   TRAINYARD_OUT            the work directory
//   TRAINYARD_JOB            the job's name
//   TRAINYARD_REPLICA        "worker-1"
//   TRAINYARD_PROGRESS_FILE  where to report progress
//
// PYTHONUNBUFFERED=1 is set unless the file, the image or this process sets it, so that Python's
// output appears as it is printed. Paths of volumes and of a mapped image are replaced by those of
// this machine in command, args and values (volumes.h, image.h, path_text.h).
//
// InvalidArgument or NotFound with one line that says what is missing and what can be done.
Result<Launch> BuildLaunch(const spec::TFJob& job, const job::ReplicaId& id,
                           const LaunchContext& context);

}  // namespace trainyard::local
