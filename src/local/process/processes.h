// A look at /proc: which processes there are, who started them, what mark they carry.
//
// A process started by Trainyard carries the variable TRAINYARD_RUN=<run>/<replica>/<number> in its
// environment, and so do its children, wherever they hide. Linux only; thread-safe.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::local {

inline constexpr std::string_view kRunVariable = "TRAINYARD_RUN";
// Begins the name of every control group that Trainyard makes; the mark follows.
inline constexpr std::string_view kGroupPrefix = "trainyard-";

struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t session = 0;
  bool is_zombie = false;
};

// Every process that can be seen right now.
std::map<pid_t, ProcessInfo> ListProcesses();

// All living descendants of `root`, without zombies and without `root` itself.
std::vector<pid_t> Descendants(const std::map<pid_t, ProcessInfo>& processes, pid_t root);

// The value of TRAINYARD_RUN in the process's first environment; empty if it has none, has ended,
// or belongs to another user.
std::string RunMark(pid_t pid);

}  // namespace trainyard::local
