#include "kube/internal/object_store.h"

#include <algorithm>

#include "kube/informer.h"

namespace trainyard::kube::internal {

ObjectState StateOf(const Json& object) {
  return {.key = Key(object), .uid = ToCompactUid(Uid(object)), .version = ResourceVersion(object)};
}

bool ObjectStore::IsRemoved(const ObjectState& state) const {
  const auto found = removals_.find(state.key);
  if (found == removals_.end()) return false;
  return found->second.uid == state.uid || state.version <= found->second.version;
}

void ObjectStore::ForgetRemoval(const ObjectState& state) {
  const auto found = removals_.find(state.key);
  if (found != removals_.end() && found->second.uid == state.uid) removals_.erase(found);
}

bool ObjectStore::WantsUpsert(const ObjectState& state, bool is_own) const {
  if (IsRemoved(state)) return false;
  const auto found = entries_.find(state.key);
  if (found != entries_.end()) return state.version > found->second.version;
  return !is_own || state.version > told_;
}

void ObjectStore::Upsert(const ObjectState& state, bool is_own, Erased value,
                         ObjectChanges* changes) {
  if (value != nullptr && WantsUpsert(state, is_own)) Put(state, std::move(value), changes);
  if (!is_own) told_ = std::max(told_, state.version);
}

void ObjectStore::TellRemoved(const ObjectState& state, ObjectChanges* changes) {
  ForgetRemoval(state);
  told_ = std::max(told_, state.version);
  const auto found = entries_.find(state.key);
  if (found != entries_.end() && found->second.version <= state.version) Erase(found, changes);
}

void ObjectStore::Remove(const std::string& key, const CompactUid& uid, ObjectChanges* changes) {
  const auto found = entries_.find(key);
  const bool is_here = found != entries_.end() && found->second.uid == uid;
  if (is_here) {
    removals_[key] = {.uid = uid, .version = found->second.version};
    Erase(found, changes);
  } else if (is_replacing_) {
    removals_[key] = {.uid = uid};  // the list under way may hold it
  }
}

void ObjectStore::Bookmark(uint64_t version) { told_ = std::max(told_, version); }

void ObjectStore::BeginReplace() {
  is_replacing_ = true;
  listed_.clear();
}

Erased ObjectStore::Known(const ObjectState& state) const {
  const auto found = entries_.find(state.key);
  const bool is_same = found != entries_.end() && found->second.version == state.version &&
                       found->second.uid == state.uid;
  return is_same ? found->second.value : nullptr;
}

void ObjectStore::AddListed(const ObjectState& state, Erased value) {
  listed_[state.key] = {.uid = state.uid, .version = state.version, .value = std::move(value)};
}

void ObjectStore::RemoveListed(const ObjectState& state) {
  const auto found = listed_.find(state.key);
  if (found != listed_.end() && found->second.version <= state.version) listed_.erase(found);
  ForgetRemoval(state);
}

void ObjectStore::EndReplace(uint64_t version, ObjectChanges* changes) {
  const bool is_back_in_time = version < told_;
  std::erase_if(removals_, [&](const auto& removal) {
    const auto found = listed_.find(removal.first);
    const bool is_listed = found != listed_.end() && found->second.uid == removal.second.uid;
    return is_back_in_time || (!is_listed && removal.second.version <= version);
  });
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto next = std::next(entry);
    const bool is_older = entry->second.version <= version || is_back_in_time;
    if (is_older && !listed_.contains(entry->first)) Erase(entry, changes);
    entry = next;
  }
  for (auto& [key, listed] : listed_) {
    const ObjectState state{.key = key, .uid = listed.uid, .version = listed.version};
    const auto found = entries_.find(key);
    const bool is_new = found == entries_.end() || listed.version > found->second.version ||
                        (is_back_in_time && (listed.version != found->second.version ||
                                             listed.uid != found->second.uid));
    if (is_new && !IsRemoved(state)) Put(state, std::move(listed.value), changes);
  }
  // With its memory: it is as large as the store.
  std::unordered_map<std::string, Entry>().swap(listed_);
  is_replacing_ = false;
  told_ = version;
}

Erased ObjectStore::Get(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : found->second.value;
}

std::vector<Erased> ObjectStore::Group(const std::string& group) const {
  std::vector<Erased> members;
  if (const auto found = groups_.find(group); found != groups_.end()) {
    members.reserve(found->second.size());
    for (const Entry* entry : found->second) members.push_back(entry->value);
  }
  return members;
}

std::vector<std::pair<std::string, Erased>> ObjectStore::All() const {
  std::vector<std::pair<std::string, Erased>> all;
  all.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) all.emplace_back(key, entry.value);
  return all;
}

void ObjectStore::Put(const ObjectState& state, Erased value, ObjectChanges* changes) {
  Entry& entry = entries_[state.key];
  LeaveGroup(&entry);
  changes->push_back({.key = state.key, .before = std::move(entry.value), .after = value});
  entry.uid = state.uid;
  entry.version = state.version;
  entry.value = std::move(value);
  JoinGroup(&entry);
  // A successor of what was removed: the removal has been told, if only by this.
  removals_.erase(state.key);
}

void ObjectStore::Erase(Entries::iterator entry, ObjectChanges* changes) {
  LeaveGroup(&entry->second);
  changes->push_back({.key = entry->first, .before = std::move(entry->second.value)});
  entries_.erase(entry);
}

void ObjectStore::JoinGroup(Entry* entry) {
  if (!group_of_) return;
  std::string group = group_of_(entry->value.get());
  if (group.empty()) return;
  entry->group = &*groups_.try_emplace(std::move(group)).first;
  entry->group->second.push_back(entry);
}

void ObjectStore::LeaveGroup(Entry* entry) {
  if (entry->group == nullptr) return;
  std::vector<const Entry*>& members = entry->group->second;
  members.erase(std::find(members.begin(), members.end(), entry));
  if (members.empty()) groups_.erase(groups_.find(entry->group->first));
  entry->group = nullptr;
}

}  // namespace trainyard::kube::internal
