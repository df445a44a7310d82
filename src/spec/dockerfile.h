// What a Dockerfile says about running its image: how a container without a command starts.
//
// Only the last build stage counts. Pure, thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace trainyard::spec {

struct ImageConfig {
  std::vector<std::string> entrypoint;     // shell form: {"/bin/sh", "-c", text}
  std::vector<std::string> command;        // CMD, likewise
  std::string working_dir;                 // WORKDIR, absolute; empty: none
  std::map<std::string, std::string> env;  // ENV, expanded
  // COPY and ADD from the build context: source in the context, absolute place in the image.
  std::vector<std::pair<std::string, std::string>> copies;

  friend bool operator==(const ImageConfig&, const ImageConfig&) = default;
};

// InvalidArgument `<file_name>:<line>: why` for text that no Dockerfile can be.
Result<ImageConfig> ParseDockerfile(std::string_view text, std::string_view file_name);

}  // namespace trainyard::spec
