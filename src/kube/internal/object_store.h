// What an Informer keeps, apart from locks, handlers and types: a pure state machine over versions.
//
// News of an object comes on two ways, from the watch and from the answers to own writes, and one
// of them may be behind. Versions of one resource are ordered (KEP-5504), which settles all of it:
//
// - `told`: everything up to this version has come by the watch (or list). So an answer with a
//   version not above it, of an object that is not here, is of one that is gone: it is dropped.
// - Of one object the higher version holds, wherever it came from. A later object of the same name
//   has a higher version than all of its predecessor's.
// - A removal that the server answered to us (`Remove`) has no version that we know. Its uid is
//   remembered until the watch tells the end of that uid, or until a list that is not older than
//   the object's last state lacks it; news of that uid, and of its predecessors of the same name,
//   is passed over meanwhile. An object that was not here when it was removed is not remembered:
//   most likely its end was told already.
// - A list takes the place of everything at or below its version. What is above it are own writes
//   that the list does not know yet; they stay.
// - A list below `told` means that the server has gone back in time (restored from a backup): the
//   list holds then, whatever is here.
//
// Thread-compatible.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kube/compact_uid.h"
#include "kube/object.h"

namespace trainyard::kube::internal {

using Erased = std::shared_ptr<const void>;

// What identifies a state of an object.
struct ObjectState {
  std::string key{};
  CompactUid uid{};
  uint64_t version = 0;
};
ObjectState StateOf(const Json& object);

struct ObjectChange {
  std::string key{};
  Erased before{};
  Erased after{};
};
using ObjectChanges = std::vector<ObjectChange>;

class ObjectStore {
 public:
  using GroupOf = std::function<std::string(const void*)>;

  explicit ObjectStore(GroupOf group_of) : group_of_(std::move(group_of)) {}

  // Would this state be taken? If not there is no need to project it. `own`: from an answer.
  bool WantsUpsert(const ObjectState& state, bool is_own) const;
  void Upsert(const ObjectState& state, bool is_own, Erased value, ObjectChanges* changes);
  // By the watch; `state` is the last one, whose version is that of the removal.
  void TellRemoved(const ObjectState& state, ObjectChanges* changes);
  // By an answer.
  void Remove(const std::string& key, const CompactUid& uid, ObjectChanges* changes);
  void Bookmark(uint64_t version);

  // What is listed is kept apart until the list is whole.
  void BeginReplace();
  // The value that is here for this state already; null if it has to be projected.
  Erased Known(const ObjectState& state) const;
  void AddListed(const ObjectState& state, Erased value);
  void RemoveListed(const ObjectState& state);
  void EndReplace(uint64_t version, ObjectChanges* changes);

  Erased Get(const std::string& key) const;
  std::vector<Erased> Group(const std::string& group) const;
  std::vector<std::pair<std::string, Erased>> All() const;
  size_t size() const { return entries_.size(); }
  uint64_t told() const { return told_; }

 private:
  struct Entry;
  using Entries = std::unordered_map<std::string, Entry>;
  using Groups = std::unordered_map<std::string, std::vector<const Entry*>>;
  struct Entry {
    CompactUid uid{};
    uint64_t version = 0;
    Erased value{};
    Groups::value_type* group = nullptr;  // nodes of the map stay where they are
  };
  struct Removal {
    CompactUid uid{};
    uint64_t version = 0;  // of the last state that was here
  };

  bool IsRemoved(const ObjectState& state) const;
  void ForgetRemoval(const ObjectState& state);  // its end has been told
  void Put(const ObjectState& state, Erased value, ObjectChanges* changes);
  void Erase(Entries::iterator entry, ObjectChanges* changes);
  void JoinGroup(Entry* entry);
  void LeaveGroup(Entry* entry);

  GroupOf group_of_;
  uint64_t told_ = 0;
  Entries entries_;
  Groups groups_;
  std::unordered_map<std::string, Removal> removals_;
  bool is_replacing_ = false;
  std::unordered_map<std::string, Entry> listed_;
};

}  // namespace trainyard::kube::internal
