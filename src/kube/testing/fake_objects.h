// The objects of a cluster in memory, with the rules of an API server for writing them. What
// FakeApi (fake_api.h) answers from; knows nothing of watches, faults or threads.
//
// Follows an API server in: names made of generateName, uids, ever higher versions, AlreadyExists,
// Conflict when a version or uid does not match, status written only through /status, generation
// raised by changes of the spec only, merge and JSON patches, pods that are bound to a node and end
// gracefully, Orphan. Differs: schemas, defaults and admission are not looked at; strategic merge
// patches are merge patches; server-side apply is not offered.
//
// Thread-compatible.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/api.h"

namespace trainyard::kube::testing {

// What a path leads to.
struct FakePath {
  std::string collection{};  // "pods.v1", "tfjobs.v1.kubeflow.org": ToString(Resource)
  std::string name_space{};
  std::string name{};
  std::string subresource{};
};
std::optional<FakePath> ParsePath(std::string_view path);

// The part of a collection that a list or a watch asks for.
struct FakeSelector {
  std::string name_space{};
  std::string labels{};  // "a=b,c!=d,e,!f,g in (x,y)"
  std::string fields{};  // "metadata.name=x,spec.nodeName!="
};
bool Matches(const FakeSelector& selector, const Json& object);

using FakeObject = std::shared_ptr<const Json>;

// One change; `before` is null for a new object, `after` for one that is gone.
struct FakeChange {
  uint64_t version = 0;
  std::string collection{};
  FakeObject before{};
  FakeObject after{};
};

struct FakeAnswer {
  int code = 200;
  Json body{};
  bool is_success() const { return code < 300; }
};
FakeAnswer MakeFailure(int code, const std::string& reason, const std::string& message);

class FakeObjects {
 public:
  // POST, PUT, PATCH, DELETE, and GET of one object.
  FakeAnswer Handle(const FakePath& path, const ApiRequest& request);

  std::vector<FakeObject> List(const std::string& collection, const FakeSelector& selector) const;
  FakeObject Find(const std::string& collection, const std::string& key) const;
  // Deletes what has owners that are all gone, until there is no more; how many.
  int CollectGarbage();
  // Raises the version without changing anything, as writes to other collections do.
  void Advance() { ++version_; }

  uint64_t version() const { return version_; }
  // Everything that has happened, in order.
  const std::deque<FakeChange>& history() const { return history_; }

 private:
  using Collection = std::map<std::string, FakeObject>;  // by key

  FakeAnswer Create(const FakePath& path, const Json& body);
  FakeAnswer Replace(const FakePath& path, const FakeObject& before, Json after);
  FakeAnswer Patch(const FakePath& path, const FakeObject& before, const ApiRequest& request,
                   const Json& body);
  FakeAnswer Delete(const FakePath& path, const FakeObject& before, const Json& options);
  FakeAnswer DeleteAll(const FakePath& path, const ApiRequest& request, const Json& options);
  void Orphan(const std::string& uid);
  // Stores it with a new version and returns it; null `after` removes.
  Json Store(const std::string& collection, const FakeObject& before, Json after);
  void EraseObject(const std::string& collection, const FakeObject& before);

  std::map<std::string, Collection> collections_;
  std::deque<FakeChange> history_;
  uint64_t version_ = 1000;
  uint64_t last_uid_ = 0;
};

}  // namespace trainyard::kube::testing
