// Asking a training process to stop: SIGTERM (as Kubernetes and trainyard run send it) and Ctrl-C.
#pragma once

namespace trainyard::train {

// From now on SIGTERM and SIGINT no longer end the process but set StopRequested(), so that the
// step in progress ends and a checkpoint is written. A second SIGINT ends the process at once. Safe
// to call again.
void CatchStopSignals();

// Whether the process was asked to stop. Thread-safe.
bool StopRequested();

}  // namespace trainyard::train
