// The process that holds the variables of a distributed job.
#pragma once

#include <string>

#include "base/status.h"
#include "train/loop/progress.h"
#include "train/run_config.h"

namespace trainyard::train {

// Starts the server of this task (tf::Server) for chief, worker or ps. Returns the session target.
// AlreadyExists with the address if the port is taken.
Result<std::string> StartServer(const RunConfig& config);

// Holds variables until the chief says that training has ended, then returns; unlike TensorFlow's
// server.join(), which never does. When asked to stop (SIGTERM) it first gives the chief a few
// seconds to save what only this process holds, and returns Cancelled.
Status RunParameterServer(const RunConfig& config, ProgressReporter* reporter);

}  // namespace trainyard::train
