// A recorded step as a page of chrome://tracing (or ui.perfetto.dev). Pure.
//
// Source: tensorflow/python/client/timeline.py; step_stats.proto.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace trainyard::train {

// The JSON text for a serialized RunMetadata: one process per device, its operations laid out in as
// few rows as do not overlap. DataLoss if it cannot be read.
Result<std::string> FormatTimeline(std::string_view run_metadata);

}  // namespace trainyard::train
