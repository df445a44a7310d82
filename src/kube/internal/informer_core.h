// What an Informer does that does not depend on its T: the lock around an ObjectStore, the
// Reflector that feeds it, and changes handed on in order.
//
// Owned by an Informer. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "kube/api.h"
#include "kube/internal/object_store.h"
#include "kube/reflector.h"

namespace trainyard::kube::internal {

struct InformerHooks {
  std::function<Erased(const Json&)> project;
  ObjectStore::GroupOf group{};
  std::function<void(const std::string& key, const Erased& before, const Erased& after)>
      on_change{};
  std::function<void(const Status&)> on_trouble{};
};

class InformerCore {
 public:
  InformerCore(Api* api, TimerQueue* timers, ReflectorOptions options, InformerHooks hooks);
  InformerCore(const InformerCore&) = delete;
  InformerCore& operator=(const InformerCore&) = delete;

  Status WaitUntilSynced(std::chrono::milliseconds timeout) const;
  bool is_synced() const;
  Erased Get(const std::string& key) const;
  std::vector<Erased> Group(const std::string& group) const;
  std::vector<std::pair<std::string, Erased>> All() const;
  size_t size() const;
  void Upsert(const Json& object, bool is_own);
  void Remove(const std::string& key, const std::string& uid);

 private:
  ReflectorHandler MakeReflectorHandler();
  void AddListed(const Json& object);
  void TellRemoved(const Json& object);
  void EndReplace(uint64_t version);
  // What handlers are still to be told: a change, or that the first list has been told.
  struct News {
    ObjectChange change{};
    bool is_synced = false;
  };

  // Hands on what has changed; `lock` is held before and after, not in between.
  void Deliver(ObjectChanges changes, std::unique_lock<std::mutex>* lock);

  // Immutable after construction.
  const std::string name_;  // for messages: "pods.v1"
  const InformerHooks hooks_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  // Guarded by mutex_.
  ObjectStore store_;
  bool is_synced_ = false;
  bool is_replacing_ = false;
  Status last_trouble_;
  std::deque<News> undelivered_;
  bool is_delivering_ = false;

  std::unique_ptr<Reflector> reflector_;  // last: its handlers use all of the above
};

}  // namespace trainyard::kube::internal
