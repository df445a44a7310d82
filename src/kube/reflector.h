// Follows a collection of objects for ever: LIST, then WATCH from there, again after each mishap.
//
// The rules of client-go's reflector (tools/cache/reflector.go) and kube-rs' watcher: a streaming
// list (WatchList) where the server offers it, pages of 500 otherwise; bookmarks; watches that end
// after a random time in [300, 600) s and are given up when nothing comes for some longer; 410
// Gone, also inside of a stream, means to list again; back-off from 800 ms, doubled up to 30 s with
// jitter, reset by two quiet minutes. A refused connection or 429 repeats the watch, not the list.
// The decisions are in internal/reflector_state.h, with the one difference to client-go: lists are
// read at their latest and in pages.
//
// No thread of its own: everything happens in callbacks of Api::Open() and on a TimerQueue's
// thread. Thread-safe. The destructor ends the watch; no handler runs after that.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "kube/api.h"
#include "kube/fields.h"
#include "kube/timer_queue.h"

namespace trainyard::kube {

struct ReflectorOptions {
  Resource resource{};
  std::string name_space{};      // empty: all
  std::string label_selector{};  // "training.kubeflow.org/operator-name=tfjob-controller"
  std::string field_selector{};
  Fields fields{};                           // of each object; the others are not there
  bool metadata_only = false;                // ask for PartialObjectMetadata: no spec, no status
  bool streaming_list = true;                // try WatchList first
  std::chrono::seconds shortest_watch{300};  // the longest is twice that
  // Of the back-off; jitter makes it up to twice that. Says how late news may be after an outage.
  std::chrono::milliseconds longest_delay{30'000};
  uint32_t seed = 0;  // of the jitter; 0: a random one
};

// One at a time, in the order in which the server tells. `object` is borrowed for the call.
struct ReflectorHandler {
  // A whole list is about to follow: OnReplace... then each object as Upsert, then EndReplace.
  std::function<void()> begin_replace{};
  std::function<void(const Json& object)> upsert{};
  std::function<void(const Json& object)> remove{};  // with its last state
  std::function<void(uint64_t version)> end_replace{};
  std::function<void(uint64_t version)> bookmark{};  // everything up to `version` has been told
  // Something went wrong and is tried again; for logs and metrics.
  std::function<void(const Status&)> trouble{};
};

class Reflector {
 public:
  // `api` and `timers` are borrowed and must outlive the reflector.
  static std::unique_ptr<Reflector> Start(Api* api, TimerQueue* timers, ReflectorOptions options,
                                          ReflectorHandler handler);
  virtual ~Reflector() = default;
};

}  // namespace trainyard::kube
