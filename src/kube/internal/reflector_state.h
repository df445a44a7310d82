// What a Reflector asks for next, and when: its decisions without its effects.
//
// A list is always read at its latest (resourceVersion "") and in pages, where client-go reads what
// the server's cache has ("0"), all at once. The reasons: a server that lags behind cannot take us
// back in time after a restart, and memory does not grow with the collection. One operator's lists
// are no load for the server.
//
//   kStreamingList --(whole)--> kWatch <--(whole)-- kList <-+ page by page
//        |   ^                    |                  ^  |   |
//        |   +--(410, malformed)--+--(not offered)---+  +---+
//        +----(any failure: the next try is a list)--^
//
// Thread-compatible.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/status.h"
#include "kube/api.h"
#include "kube/reflector.h"

namespace trainyard::kube {

enum class Fetch { kStreamingList, kList, kWatch };

struct FetchStep {
  Fetch fetch = Fetch::kList;
  uint64_t version = 0;  // kWatch: what is known
  bool is_paged = true;  // kList
  std::string next{};    // kList: the token of the page
  friend bool operator==(const FetchStep&, const FetchStep&) = default;
};

// The request of a step. `watch_time`: how long the server shall keep a watch.
ApiRequest ToRequest(const ReflectorOptions& options, const FetchStep& step,
                     std::chrono::seconds watch_time);

// 800 ms, doubled up to the longest delay, from the beginning after two minutes without a failure.
class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds longest) : longest_(longest) {}

  using TimePoint = std::chrono::steady_clock::time_point;
  // `jitter` in [0, 1) makes the delay up to twice as long.
  std::chrono::milliseconds Next(TimePoint now, double jitter);

 private:
  std::chrono::milliseconds longest_;
  TimePoint last_{};
  int failures_ = 0;
};

class ReflectorState {
 public:
  explicit ReflectorState(bool streaming_list,
                          std::chrono::milliseconds longest_delay = std::chrono::seconds(30))
      : is_streaming_offered_(streaming_list), backoff_(longest_delay) {}

  FetchStep step() const;
  // Is a whole list there, so that what comes is the watch's?
  bool is_listed() const { return is_listed_; }

  void PageRead(const std::string& next) { next_ = next; }  // more are to come
  void ListRead(uint64_t version);                          // it is whole
  void Told(uint64_t version);                              // by an event or a bookmark
  void StreamingListIsNotOffered() { is_streaming_offered_ = false; }

  // How a request ended that was not a page read.
  struct End {
    Status status{};
    bool had_events = false;
    std::chrono::steady_clock::duration lived{};
  };
  struct Next {
    std::chrono::milliseconds delay{0};  // before step()
    bool is_trouble = false;
  };
  Next Ended(const End& end, Backoff::TimePoint now, double jitter);

 private:
  bool NextAfterWatch(const End& end);
  bool NextAfterStreamingList(const Status& status);
  bool NextAfterList(const Status& status);

  bool is_streaming_offered_;
  bool is_listed_ = false;
  bool list_instead_ = false;  // of the streaming list that failed just now
  uint64_t version_ = 0;
  std::string next_;
  int expired_lists_ = 0;
  int failed_watches_ = 0;  // in a row, without an event
  Backoff backoff_;
};

}  // namespace trainyard::kube
