// A local copy of a collection, kept current by a Reflector, that holds of each object only what
// its owner wants: a T made by `project`.
//
//   Informer<PodView> pods(&api, &timers, {.resource = kPods, .label_selector = "app=x"},
//                          {.project = ToPodView, .on_change = [&](auto& key) { queue.Add(key);
//                          }});
//   RETURN_IF_ERROR(pods.WaitUntilSynced(std::chrono::seconds(30)));
//   std::shared_ptr<const PodView> pod = pods.Get("team/mnist-worker-0");
//
// Reads its own writes: give the API server's answer to a write to Upsert(), and Get() never shows
// anything older again, whatever the watch still has to deliver. An answer that comes later than
// the watch's news of the object's end does not bring it back: versions are compared (KEP-5504).
//
// Thread-safe. Handlers run in the thread that brings the news, without a lock held.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/status.h"
#include "kube/api.h"
#include "kube/reflector.h"

namespace trainyard::kube {

// "namespace/name", or "name" for what has no namespace.
std::string Key(const Json& object);

template <class T>
class Informer {
 public:
  using Ptr = std::shared_ptr<const T>;

  struct Handlers {
    // What to keep of an object. Must not fail: a T can say that it is malformed.
    std::function<T(const Json& object)> project;
    // Optional: the group that Group() finds an object under, such as the key of its owner.
    std::function<std::string(const T&)> group{};
    // Optional. `before` is null for a new object, `after` for one that is gone.
    std::function<void(const std::string& key, const Ptr& before, const Ptr& after)> on_change{};
    std::function<void(const Status&)> on_trouble{};
  };

  Informer(Api* api, TimerQueue* timers, ReflectorOptions options, Handlers handlers);
  Informer(const Informer&) = delete;
  Informer& operator=(const Informer&) = delete;

  // DeadlineExceeded (with the last trouble, if there was any) if the first list is not whole in
  // time.
  Status WaitUntilSynced(std::chrono::milliseconds timeout) const;
  bool is_synced() const;

  Ptr Get(const std::string& key) const;  // null if there is none
  std::vector<Ptr> Group(const std::string& group) const;
  std::vector<std::pair<std::string, Ptr>> All() const;
  size_t size() const;

  // A newer state of an object, learnt by other means: the answer to a write. Older ones and those
  // of objects that are gone are passed over.
  void Upsert(const Json& object);
  // The object of this key and uid is gone: the API server has answered so.
  void Remove(const std::string& key, const std::string& uid);
};

}  // namespace trainyard::kube
