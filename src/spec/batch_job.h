// The `spec` of a batch/v1 Job, read into the one struct.
#pragma once

#include "base/status.h"
#include "spec/reader.h"
#include "spec/tfjob.h"

namespace trainyard::spec {

// Fills in what JobRules::kBatchJob says. Fields of the API that have no meaning here
// (podFailurePolicy, selector and the like) are passed over, unknown ones refused. Thread-safe.
Status ReadSpecBatch(const Reader& reader, const Node& spec, TFJob* job);

}  // namespace trainyard::spec
