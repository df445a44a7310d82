// What `logs -f` says of pods that do not run yet, so that its silence is not a riddle.
//
// No I/O and no clock; thread-compatible.
//
//   WaitNotes notes;
//   const std::string line = notes.Next(pod, now);   // for each pod, whenever one has changed
//   if (!line.empty()) fmt::print(stderr, "{}\n", line);
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "operator/pod_view.h"

namespace trainyard::cli {

class WaitNotes {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Waiting in the ordinary course of a start (for a node, for its image) is worth no word before
  // that.
  static constexpr std::chrono::seconds kOrdinaryWait{5};

  // The line that is to be said of the pod now; empty: none. The same is said of a pod only once,
  // also if its text comes back (a kubelet alternates between ErrImagePull and ImagePullBackOff).
  std::string Next(const operators::PodView& pod, TimePoint now);

 private:
  struct Pod {
    TimePoint first_seen{};
    std::set<std::string> said;
  };
  std::map<std::string, Pod> pods_;  // by uid
};

}  // namespace trainyard::cli
