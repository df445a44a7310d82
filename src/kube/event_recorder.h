// Tells people what happens to an object, as events.k8s.io/v1 Events, without making anybody wait.
//
// Events are written one after another by a thread of its own. Of those waiting, events of one
// object, type and reason that follow each other within `merge_window` are told as one: the notes
// that differ are joined ("Created pod: a", "Created pod: b" become "Created pods: a, b" through
// `join`), equal ones counted in `series`. When the server is slow the oldest Normal ones are
// dropped first (bounded queue, 1,000). Thread-safe. The destructor writes what is left, for at
// most 2 s.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kube/api.h"

namespace trainyard::kube {

struct EventRecorderOptions {
  std::string controller{};  // reportingController: "tfjob-controller"
  std::string instance{};    // reportingInstance: the pod's or host's name
  std::chrono::milliseconds merge_window{1'000};
  std::chrono::milliseconds farewell{2'000};  // for what is left, when the recorder goes
  // Joins the notes of merged events; null: the first note, and "(and N more)".
  std::function<std::string(const std::string& reason, const std::vector<std::string>& notes)>
      join{};
};

struct ObjectReference {
  std::string api_version{};
  std::string kind{};
  std::string name_space{};
  std::string name{};
  std::string uid{};
  std::string resource_version{};

  friend bool operator==(const ObjectReference&, const ObjectReference&) = default;
};

struct EventNote {
  bool is_warning = false;
  std::string reason{};
  std::string action{};  // what was done; empty: the reason
  std::string note{};    // at most 1 kB is kept
};

class EventRecorder {
 public:
  static std::unique_ptr<EventRecorder> Start(Api* api, EventRecorderOptions options);
  virtual ~EventRecorder() = default;
  virtual void Record(const ObjectReference& about, const EventNote& note) = 0;
  virtual size_t dropped() const = 0;
};

}  // namespace trainyard::kube
