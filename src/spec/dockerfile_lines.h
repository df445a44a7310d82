// A Dockerfile's text as instructions: comments gone, continued lines joined, here-documents cut
// out. Internal to dockerfile.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace trainyard::spec {

struct Instruction {
  std::string keyword;  // upper case
  std::string rest;     // what follows it, trimmed
  int line = 0;         // where it starts, from 1
};

struct DockerfileLines {
  char escape = '\\';  // from the directive `# escape=`
  std::vector<Instruction> instructions;
};

// InvalidArgument `<file_name>:<line>: why` for a bad escape directive and a here-document without
// end. Thread-safe.
Result<DockerfileLines> SplitDockerfile(std::string_view text, std::string_view file_name);

}  // namespace trainyard::spec
