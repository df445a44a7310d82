// From files to what is sent to an API server. Reads files; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "kube/object.h"

namespace trainyard::cli {

// One object of a file, with where it stands there for messages.
struct ManifestObject {
  std::string place{};  // "job.yaml:12:1"
  kube::Json object{};
  bool is_job = false;  // a TFJob

  std::string ToString() const;  // "tfjob/mnist"
};

// Every object of every file, in order; "-" reads standard input. All are checked before any comes
// back: InvalidArgument `file:line:column: what was expected` for the first mistake. Overrides
// (spec/overrides.h) apply to every job.
Result<std::vector<ManifestObject>> ReadManifests(const std::vector<std::string>& files,
                                                  const std::vector<std::string>& overrides);

// The pure part: one file's text.
Result<std::vector<ManifestObject>> ParseManifests(std::string_view text, std::string_view file,
                                                   const std::vector<std::string>& overrides);

}  // namespace trainyard::cli
