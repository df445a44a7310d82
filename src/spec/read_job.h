// One job of a file, of whatever kind and version, read into the one struct. Internal to
// job_file.cc.
#pragma once

#include "base/status.h"
#include "spec/manifest.h"
#include "spec/parse_tfjob.h"
#include "spec/reader.h"
#include "spec/tfjob.h"

namespace trainyard::spec {

// A TFJob, also of a version that we do not know, or a batch/v1 Job.
bool IsJob(const Manifest& manifest);

// The job with the overrides applied to its document, defaults filled in and validated.
// InvalidArgument with the place of the first mistake. Thread-safe.
Result<TFJob> ReadJob(const Reader& reader, const Manifest& manifest, const ParseOptions& options);

}  // namespace trainyard::spec
