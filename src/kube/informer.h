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
// The rules are at internal/object_store.h. An object that was deleted and made again while nobody
// looked may come as one change: compare uids where that matters.
//
// Thread-safe. Handlers run without a lock held, one at a time and in order, in a thread that
// brings news: with several of them a change may be told by the other one, after Upsert() returns.
// The destructor ends the watch; Upsert() and Remove() must have returned by then.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "kube/api.h"
#include "kube/internal/informer_core.h"
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

  // `api` and `timers` are borrowed and must outlive the informer. The first list begins at once.
  Informer(Api* api, TimerQueue* timers, ReflectorOptions options, Handlers handlers)
      : core_(api, timers, std::move(options), ToHooks(std::move(handlers))) {}

  // Synced is an informer whose first list is whole, and whose handlers have been told of it.
  // DeadlineExceeded (with the last trouble, if there was any) if the first list is not whole in
  // time.
  Status WaitUntilSynced(std::chrono::milliseconds timeout) const {
    return core_.WaitUntilSynced(timeout);
  }
  bool is_synced() const { return core_.is_synced(); }

  Ptr Get(const std::string& key) const { return ToPtr(core_.Get(key)); }  // null if there is none
  std::vector<Ptr> Group(const std::string& group) const {
    std::vector<Ptr> members;
    for (internal::Erased& member : core_.Group(group)) members.push_back(ToPtr(std::move(member)));
    return members;
  }
  std::vector<std::pair<std::string, Ptr>> All() const {
    std::vector<std::pair<std::string, Ptr>> all;
    for (auto& [key, value] : core_.All())
      all.emplace_back(std::move(key), ToPtr(std::move(value)));
    return all;
  }
  size_t size() const { return core_.size(); }

  // A newer state of an object, learnt by other means: the answer to a write. Older ones and those
  // of objects that are gone are passed over. Selectors are not looked at: an object that the watch
  // would not tell of must not be given.
  void Upsert(const Json& object) { core_.Upsert(object, /*is_own=*/true); }
  // The object of this key and uid is gone: the API server has answered so (404, or a deletion at
  // once; not one that only begins, whose answer is an object for Upsert()). News of it that the
  // watch still has to tell do not bring it back.
  void Remove(const std::string& key, const std::string& uid) { core_.Remove(key, uid); }

 private:
  static Ptr ToPtr(internal::Erased value) { return std::static_pointer_cast<const T>(value); }

  static internal::InformerHooks ToHooks(Handlers handlers) {
    internal::InformerHooks hooks;
    hooks.project = [project = std::move(handlers.project)](const Json& object) {
      return std::make_shared<const T>(project(object));
    };
    if (handlers.group) {
      hooks.group = [group = std::move(handlers.group)](const void* value) {
        return group(*static_cast<const T*>(value));
      };
    }
    if (handlers.on_change) {
      hooks.on_change = [on_change = std::move(handlers.on_change)](const std::string& key,
                                                                    const internal::Erased& before,
                                                                    const internal::Erased& after) {
        on_change(key, ToPtr(before), ToPtr(after));
      };
    }
    hooks.on_trouble = std::move(handlers.on_trouble);
    return hooks;
  }

  internal::InformerCore core_;
};

}  // namespace trainyard::kube
