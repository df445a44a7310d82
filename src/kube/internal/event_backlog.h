// The events that wait to be written: what is merged, what is dropped, what is due.
//
// Thread-compatible; no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "kube/event_recorder.h"

namespace trainyard::kube::internal {

// Events of one object, type and reason that came soon after each other.
struct PendingEvent {
  ObjectReference about{};
  bool is_warning = false;
  std::string reason{};
  std::string action{};
  std::vector<std::string> notes{};  // those that differ, in order; the first kMaxNotes of them
  size_t count = 0;                  // of all
  std::chrono::system_clock::time_point first{};
  std::chrono::system_clock::time_point last{};
  std::chrono::steady_clock::time_point due{};
};

class EventBacklog {
 public:
  static constexpr size_t kMaxEvents = 1'000;
  static constexpr size_t kMaxNotes = 100;

  explicit EventBacklog(std::chrono::milliseconds merge_window) : merge_window_(merge_window) {}

  void Add(const ObjectReference& about, const EventNote& note,
           std::chrono::steady_clock::time_point now,
           std::chrono::system_clock::time_point wall_now);
  // When the next one is due; nullopt if there is none.
  std::optional<std::chrono::steady_clock::time_point> next_due() const;
  PendingEvent TakeNext();

  size_t size() const { return pending_.size(); }
  size_t dropped() const { return dropped_; }

 private:
  using Pending = std::list<PendingEvent>;  // in the order in which they are due

  void DropOne();

  std::chrono::milliseconds merge_window_;
  Pending pending_;
  std::unordered_map<std::string, Pending::iterator> by_kind_;
  size_t dropped_ = 0;
};

// The events.k8s.io/v1 Event of it. `name` is unique in the namespace.
Json BuildEvent(const PendingEvent& event, const std::string& note, const std::string& name,
                const EventRecorderOptions& options);
// The note of a merged event, cut to 1 kB at the border of a character.
std::string JoinNotes(const PendingEvent& event, const EventRecorderOptions& options);

}  // namespace trainyard::kube::internal
