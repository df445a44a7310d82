// How many data files a checkpoint has.
#pragma once

#include <vector>

#include "train/variable.h"

namespace trainyard::train::internal {

// The variables of one device, in as many lists as it writes files: of about equal bytes each, one
// for every 8 MiB, at most four. A file is written, and read, by one thread, which is busy with
// checksums half of the time, so that large checkpoints are saved faster in several. None is empty
// unless there are no variables.
std::vector<std::vector<const Variable*>> SplitIntoFiles(std::vector<const Variable*> variables);

}  // namespace trainyard::train::internal
