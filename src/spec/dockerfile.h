// What a Dockerfile says about running its image: how a container without a command starts.
//
// Only the last build stage counts, with the stages of the same file that it builds on. What its
// base image says is not known here. Pure, thread-safe.
//
//   ASSIGN_OR_RETURN(ImageConfig image, ParseDockerfile(text, "Dockerfile"));
//   // ENTRYPOINT ["python", "/app/train.py"]   image.entrypoint
//   // COPY train.py /app/                      image.copies: {"train.py", "/app/"}
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
  // COPY and ADD from the build context, in their order: source in the context (relative, may hold
  // * and ?; "." is all of it) and absolute place in the image. A place that ends with "/" is a
  // folder into which a file goes under its own name; a folder is always copied as its content.
  // The root folder is "/".
  std::vector<std::pair<std::string, std::string>> copies;

  friend bool operator==(const ImageConfig&, const ImageConfig&) = default;
};

// InvalidArgument `<file_name>:<line>: why` for text that no Dockerfile can be.
Result<ImageConfig> ParseDockerfile(std::string_view text, std::string_view file_name);

}  // namespace trainyard::spec
