// The annotations by which a job says what the v1 API has no field for; listed in tfjob.h.
#pragma once

#include "base/status.h"
#include "spec/reader.h"
#include "spec/tfjob.h"

namespace trainyard::spec {

// Reads those of the map `annotations` that start with "trainyard.dev/". InvalidArgument for one
// that does not exist and for a bad value. Thread-safe.
Status ReadExtensions(const Reader& reader, const Node& annotations, Extensions* out);

}  // namespace trainyard::spec
