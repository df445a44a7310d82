// How the members of a group find each other: each gives one message, and gets those of all.
//
// Member 0 listens; the others connect to it, again and again until it is there. A member that
// connects a second time, because it was restarted meanwhile, takes its own place.
//
// The messages are read by members that have been let in by nothing but the group's name: it keeps
// jobs apart that were given the same address by mistake, and is no protection.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/status.h"

namespace trainyard::collective {

struct Meeting {
  std::string group{};    // who comes with another name is sent away
  std::string address{};  // "host:port" of member 0
  int rank = 0;
  int size = 1;
  std::chrono::milliseconds timeout{60'000};
};

// The messages of all, by rank; at most 1 MiB each. DeadlineExceeded names who has not come;
// FailedPrecondition if member 0 is of another group, or of one of another size.
Result<std::vector<std::string>> Gather(const Meeting& meeting, const std::string& message);

}  // namespace trainyard::collective
