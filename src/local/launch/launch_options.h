// How what a job file says about its pods is mapped to this machine.
//
// Plain values; thread-compatible.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "spec/objects.h"

namespace trainyard::local {

// `--map-image IMAGE=TARGET`. The image matches with or without its tag. TARGET is a directory,
// which then is the image's file system as far as this machine has it (its Dockerfile gives the
// entry point of a container without a command), or a program, which then is the entry point.
struct ImageMapping {
  std::string image{};
  std::string target{};

  friend bool operator==(const ImageMapping&, const ImageMapping&) = default;
};

// A replica's log is rotated when it has reached max_bytes: worker-0.log becomes worker-0.log.1,
// and so on up to max_files files in all. 0 bytes: never.
struct LogLimits {
  int64_t max_bytes = int64_t{64} << 20;
  int max_files = 5;

  friend bool operator==(const LogLimits&, const LogLimits&) = default;
};

struct LaunchOptions {
  std::vector<ImageMapping> images{};
  // `--volume NAME=DIR`: the directory of a claim, or of a volume of that name. A claim that is not
  // here becomes <workdir>/volumes/<claim>.
  std::map<std::string, std::string> volumes{};
  spec::Objects objects{};  // ConfigMaps and Secrets
  LogLimits logs{};
  bool enforce_limits = true;  // resources.limits by cgroups, where this process may make them

  friend bool operator==(const LaunchOptions&, const LaunchOptions&) = default;
};

}  // namespace trainyard::local
