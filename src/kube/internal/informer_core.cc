#include "kube/internal/informer_core.h"

#include <fmt/format.h>

#include "kube/informer.h"

namespace trainyard::kube {

std::string Key(const Json& object) {
  std::string key = Namespace(object);
  if (!key.empty()) key += '/';
  return key += Name(object);
}

namespace internal {

InformerCore::InformerCore(Api* api, TimerQueue* timers, ReflectorOptions options,
                           InformerHooks hooks)
    : name_(ToString(options.resource)),
      hooks_(std::move(hooks)),
      store_(hooks_.group),
      reflector_(Reflector::Start(api, timers, std::move(options), MakeReflectorHandler())) {}

ReflectorHandler InformerCore::MakeReflectorHandler() {
  return {.begin_replace =
              [this] {
                const std::lock_guard lock(mutex_);
                is_replacing_ = true;
                store_.BeginReplace();
              },
          .upsert = [this](const Json& object) { Upsert(object, /*is_own=*/false); },
          .remove = [this](const Json& object) { TellRemoved(object); },
          .end_replace = [this](uint64_t version) { EndReplace(version); },
          .bookmark =
              [this](uint64_t version) {
                const std::lock_guard lock(mutex_);
                store_.Bookmark(version);
              },
          .trouble =
              [this](const Status& status) {
                {
                  const std::lock_guard lock(mutex_);
                  last_trouble_ = status;
                }
                if (hooks_.on_trouble) hooks_.on_trouble(status);
              }};
}

Status InformerCore::WaitUntilSynced(std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, timeout, [&] { return is_synced_; })) return OkStatus();
  return DeadlineExceededError("cannot list {} within {} ms: {}", name_, timeout.count(),
                               last_trouble_.ok() ? "no answer yet" : last_trouble_.message());
}

bool InformerCore::is_synced() const {
  const std::lock_guard lock(mutex_);
  return is_synced_;
}

Erased InformerCore::Get(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return store_.Get(key);
}

std::vector<Erased> InformerCore::Group(const std::string& group) const {
  const std::lock_guard lock(mutex_);
  return store_.Group(group);
}

std::vector<std::pair<std::string, Erased>> InformerCore::All() const {
  const std::lock_guard lock(mutex_);
  return store_.All();
}

size_t InformerCore::size() const {
  const std::lock_guard lock(mutex_);
  return store_.size();
}

void InformerCore::Upsert(const Json& object, bool is_own) {
  const ObjectState state = StateOf(object);
  std::unique_lock lock(mutex_);
  // Only the reflector's own thread begins and ends a list.
  if (!is_own && is_replacing_) {
    lock.unlock();
    return AddListed(object);
  }
  Erased value;
  if (store_.WantsUpsert(state, is_own)) {
    lock.unlock();
    value = hooks_.project(object);
    lock.lock();
  }
  ObjectChanges changes;
  store_.Upsert(state, is_own, std::move(value), &changes);
  Deliver(std::move(changes), &lock);
}

void InformerCore::AddListed(const Json& object) {
  const ObjectState state = StateOf(object);
  Erased value;
  {
    const std::lock_guard lock(mutex_);
    value = store_.Known(state);
  }
  if (value == nullptr) value = hooks_.project(object);
  const std::lock_guard lock(mutex_);
  store_.AddListed(state, std::move(value));
}

void InformerCore::TellRemoved(const Json& object) {
  const ObjectState state = StateOf(object);
  ObjectChanges changes;
  std::unique_lock lock(mutex_);
  if (is_replacing_) {
    store_.RemoveListed(state);
  } else {
    store_.TellRemoved(state, &changes);
  }
  Deliver(std::move(changes), &lock);
}

void InformerCore::EndReplace(uint64_t version) {
  ObjectChanges changes;
  std::unique_lock lock(mutex_);
  store_.EndReplace(version, &changes);
  is_replacing_ = false;
  const bool is_first = !is_synced_;
  for (ObjectChange& change : changes) undelivered_.push_back({.change = std::move(change)});
  if (is_first) undelivered_.push_back({.is_synced = true});
  Deliver({}, &lock);
}

void InformerCore::Remove(const std::string& key, const std::string& uid) {
  ObjectChanges changes;
  std::unique_lock lock(mutex_);
  store_.Remove(key, ToCompactUid(uid), &changes);
  Deliver(std::move(changes), &lock);
}

void InformerCore::Deliver(ObjectChanges changes, std::unique_lock<std::mutex>* lock) {
  for (ObjectChange& change : changes) undelivered_.push_back({.change = std::move(change)});
  // One thread at a time, so that the order stays; it takes what others bring meanwhile with it.
  if (is_delivering_) return;
  is_delivering_ = true;
  while (!undelivered_.empty()) {
    const News news = std::move(undelivered_.front());
    undelivered_.pop_front();
    if (news.is_synced) {
      is_synced_ = true;
      changed_.notify_all();
      continue;
    }
    if (!hooks_.on_change) continue;
    lock->unlock();
    hooks_.on_change(news.change.key, news.change.before, news.change.after);
    lock->lock();
  }
  is_delivering_ = false;
}

}  // namespace internal
}  // namespace trainyard::kube
