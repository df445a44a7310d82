#include "kube/testing/fake_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "kube/informer.h"

namespace trainyard::kube::testing {
namespace {

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// As Split() at commas, but not within parentheses.
std::vector<std::string> SplitTerms(std::string_view text) {
  std::vector<std::string> terms(1);
  int depth = 0;
  for (const char c : text) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == ',' && depth == 0) {
      terms.emplace_back();
    } else {
      terms.back() += c;
    }
  }
  std::erase(terms, "");
  return terms;
}

std::string Trimmed(std::string text) {
  std::erase(text, ' ');
  return text;
}

using Lookup = std::function<std::optional<std::string>(const std::string&)>;

bool MatchesSet(const std::string& term, size_t open, const Lookup& lookup) {
  const bool is_negated = term.find(" notin ") != std::string::npos;
  const std::string key = term.substr(0, term.find(' '));
  const std::string inside = term.substr(open + 1, term.rfind(')') - open - 1);
  const auto value = lookup(key);
  bool is_in = false;
  for (const std::string& part : Split(inside, ',')) is_in |= value && Trimmed(part) == *value;
  return is_in != is_negated;
}

bool MatchesTerm(const std::string& term, const Lookup& lookup) {
  if (const size_t open = term.find('('); open != std::string::npos) {
    return MatchesSet(term, open, lookup);
  }
  const std::string tight = Trimmed(term);
  const size_t equal = tight.find('=');
  if (equal == std::string::npos) {
    return tight.front() == '!' ? !lookup(tight.substr(1)) : lookup(tight).has_value();
  }
  const bool is_negated = equal > 0 && tight[equal - 1] == '!';
  const size_t start = tight.find_first_not_of('=', equal);
  const auto value = lookup(tight.substr(0, equal - (is_negated ? 1 : 0)));
  const bool is_equal =
      value.has_value() && *value == (start == std::string::npos ? "" : tight.substr(start));
  return is_equal != is_negated;
}

bool MatchesAll(const std::string& terms, const Lookup& lookup) {
  for (const std::string& term : SplitTerms(terms)) {
    if (!MatchesTerm(term, lookup)) return false;
  }
  return true;
}

std::string FieldAt(const Json& object, const std::string& path) {
  const Json* value = &object;
  for (const std::string& part : Split(path, '.')) {
    value = kube::Find(*value, {part});
    if (value == nullptr) return "";
  }
  return value->is_string() ? value->get<std::string>() : value->dump();
}

// What is neither metadata nor status: changes of it raise the generation.
Json SpecOf(Json object) {
  object.erase("metadata");
  object.erase("status");
  return object;
}

void SetStatus(const Json* status, Json* object) {
  if (status == nullptr) {
    object->erase("status");
  } else {
    (*object)["status"] = *status;
  }
}

// What the server gives an object when it is made, and keeps as it is.
void KeepSystemFields(const Json& before, Json* after) {
  for (const char* field : {"uid", "creationTimestamp", "generation", "resourceVersion",
                            "deletionTimestamp", "deletionGracePeriodSeconds"}) {
    const Json* value = kube::Find(before, {"metadata", field});
    if (value == nullptr) {
      (*after)["metadata"].erase(field);
    } else {
      (*after)["metadata"][field] = *value;
    }
  }
}

Json DeletedStatus(const FakePath& path, const Json& object) {
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"status", "Success"},
          {"details", {{"name", path.name}, {"kind", path.collection}, {"uid", Uid(object)}}}};
}

FakeAnswer Conflict(const FakePath& path, const std::string& why) {
  return MakeFailure(409, "Conflict",
                     fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", path.collection,
                                 path.name, why));
}

}  // namespace

std::optional<FakePath> ParsePath(std::string_view path) {
  std::vector<std::string> parts = Split(path, '/');
  std::erase(parts, "");
  FakePath parsed;
  size_t at = 0;
  std::string group;
  if (parts.size() >= 3 && parts[0] == "api") {
    at = 2;
  } else if (parts.size() >= 4 && parts[0] == "apis") {
    group = parts[1];
    at = 3;
  } else {
    return std::nullopt;
  }
  const std::string version = parts[at - 1];
  if (parts[at] == "namespaces" && parts.size() >= at + 3 && parts[at + 2] != "status" &&
      parts[at + 2] != "finalize") {
    parsed.name_space = parts[at + 1];
    at += 2;
  }
  parsed.collection = ToString(Resource{.group = group, .version = version, .plural = parts[at]});
  if (parts.size() > at + 1) parsed.name = parts[at + 1];
  if (parts.size() > at + 2) parsed.subresource = parts[at + 2];
  return parsed;
}

bool Matches(const FakeSelector& selector, const Json& object) {
  if (!selector.name_space.empty() && Namespace(object) != selector.name_space) return false;
  const auto label = [&](const std::string& key) -> std::optional<std::string> {
    if (kube::Find(object, {"metadata", "labels", key}) == nullptr) return std::nullopt;
    return Label(object, key);
  };
  const auto field = [&](const std::string& key) -> std::optional<std::string> {
    return FieldAt(object, key);
  };
  return MatchesAll(selector.labels, label) && MatchesAll(selector.fields, field);
}

FakeAnswer MakeFailure(int code, const std::string& reason, const std::string& message) {
  return {.code = code,
          .body = {{"kind", "Status"},
                   {"apiVersion", "v1"},
                   {"metadata", Json::object()},
                   {"status", "Failure"},
                   {"message", message},
                   {"reason", reason},
                   {"code", code}}};
}

FakeAnswer FakeObjects::Handle(const FakePath& path, const ApiRequest& request) {
  Json body;
  if (!request.body.empty()) {
    body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
    if (body.is_discarded()) return MakeFailure(400, "BadRequest", "the body is not JSON");
  }
  if (request.method == "POST") return Create(path, body);
  if (request.method == "DELETE" && path.name.empty()) return DeleteAll(path, request, body);
  const std::string key =
      path.name_space.empty() ? path.name : fmt::format("{}/{}", path.name_space, path.name);
  const FakeObject before = Find(path.collection, key);
  if (before == nullptr) {
    return MakeFailure(404, "NotFound",
                       fmt::format("{} \"{}\" not found", path.collection, path.name));
  }
  if (request.method == "GET") return {.body = *before};
  if (request.method == "PUT") return Replace(path, before, std::move(body));
  if (request.method == "PATCH") return Patch(path, before, request, body);
  if (request.method == "DELETE") return Delete(path, before, body);
  return MakeFailure(405, "MethodNotAllowed", request.method);
}

std::vector<FakeObject> FakeObjects::List(const std::string& collection,
                                          const FakeSelector& selector) const {
  std::vector<FakeObject> listed;
  const auto found = collections_.find(collection);
  if (found == collections_.end()) return listed;
  for (const auto& [key, object] : found->second) {
    if (Matches(selector, *object)) listed.push_back(object);
  }
  return listed;
}

FakeObject FakeObjects::Find(const std::string& collection, const std::string& key) const {
  const auto objects = collections_.find(collection);
  if (objects == collections_.end()) return nullptr;
  const auto found = objects->second.find(key);
  return found == objects->second.end() ? nullptr : found->second;
}

FakeAnswer FakeObjects::Create(const FakePath& path, const Json& body) {
  if (!body.is_object() || !path.name.empty()) {
    return MakeFailure(400, "BadRequest", "cannot create that");
  }
  Json object = body;
  Json& metadata = object["metadata"];
  const std::string prefix = kube::GetString(body, {"metadata", "generateName"});
  if (Name(object).empty() && !prefix.empty()) {
    metadata["name"] = fmt::format("{}{:05x}", prefix, last_uid_ + 1);
  }
  if (Name(object).empty()) return MakeFailure(422, "Invalid", "metadata.name: Required value");
  if (!path.name_space.empty()) {
    if (!Namespace(object).empty() && Namespace(object) != path.name_space) {
      return MakeFailure(400, "BadRequest", "the namespace of the object does not match the path");
    }
    metadata["namespace"] = path.name_space;
  }
  if (Find(path.collection, Key(object)) != nullptr) {
    return MakeFailure(409, "AlreadyExists",
                       fmt::format("{} \"{}\" already exists", path.collection, Name(object)));
  }
  metadata["uid"] = fmt::format("00000000-0000-4000-8000-{:012x}", ++last_uid_);
  metadata["creationTimestamp"] = FormatTime(std::chrono::system_clock::now());
  metadata["generation"] = 1;
  metadata.erase("deletionTimestamp");
  object.erase("status");
  if (path.collection == "pods.v1") object["status"] = {{"phase", "Pending"}};
  return {.code = 201, .body = Store(path.collection, nullptr, std::move(object))};
}

FakeAnswer FakeObjects::Replace(const FakePath& path, const FakeObject& before, Json after) {
  if (!after.is_object() || Name(after) != path.name) {
    return MakeFailure(400, "BadRequest", "the name of the object does not match the path");
  }
  const uint64_t wanted = ResourceVersion(after);
  if (wanted != 0 && wanted != ResourceVersion(*before)) {
    return Conflict(path,
                    "the object has been modified; please apply your changes to the latest "
                    "version and try again");
  }
  if (!Uid(after).empty() && Uid(after) != Uid(*before)) {
    return Conflict(path, "Precondition failed: UID in precondition: " + Uid(after));
  }
  if (path.subresource == "status") {
    Json whole = *before;
    SetStatus(kube::Find(after, {"status"}), &whole);
    after = std::move(whole);
  } else if (path.subresource.empty()) {
    SetStatus(kube::Find(*before, {"status"}), &after);
  } else {
    return MakeFailure(404, "NotFound", "no such subresource: " + path.subresource);
  }
  if (!path.name_space.empty()) after["metadata"]["namespace"] = path.name_space;
  KeepSystemFields(*before, &after);
  if (after == *before) return {.body = std::move(after)};  // nothing is written then
  if (SpecOf(after) != SpecOf(*before)) {
    after["metadata"]["generation"] = kube::GetInt(*before, {"metadata", "generation"}) + 1;
  }
  return {.body = Store(path.collection, before, std::move(after))};
}

FakeAnswer FakeObjects::Patch(const FakePath& path, const FakeObject& before,
                              const ApiRequest& request, const Json& body) {
  Json after = *before;
  if (request.content_type == "application/json-patch+json") {
    try {
      after = after.patch(body);
    } catch (const Json::exception& error) {
      return MakeFailure(422, "Invalid", error.what());
    }
  } else if (request.content_type == "application/merge-patch+json" ||
             request.content_type == "application/strategic-merge-patch+json") {
    after.merge_patch(body);
  } else {
    return MakeFailure(415, "UnsupportedMediaType", request.content_type);
  }
  return Replace(path, before, std::move(after));
}

FakeAnswer FakeObjects::Delete(const FakePath& path, const FakeObject& before,
                               const Json& options) {
  const std::string uid = kube::GetString(options, {"preconditions", "uid"});
  if (!uid.empty() && uid != Uid(*before)) {
    return Conflict(path, fmt::format("Precondition failed: UID in precondition: {}, UID in object "
                                      "meta: {}",
                                      uid, Uid(*before)));
  }
  const uint64_t version = [&] {
    Json precondition = {{"metadata", Json::object()}};
    precondition["metadata"]["resourceVersion"] =
        kube::GetString(options, {"preconditions", "resourceVersion"});
    return ResourceVersion(precondition);
  }();
  if (version != 0 && version != ResourceVersion(*before)) return Conflict(path, "version");
  if (kube::GetString(options, {"propagationPolicy"}) == "Orphan") Orphan(Uid(*before));

  const bool is_pod = path.collection == "pods.v1";
  const int64_t grace = kube::GetInt(
      options, {"gracePeriodSeconds"},
      is_pod ? kube::GetInt(*before, {"spec", "terminationGracePeriodSeconds"}, 30) : 0);
  const std::string phase = kube::GetString(*before, {"status", "phase"});
  const bool runs = !kube::GetString(*before, {"spec", "nodeName"}).empty() &&
                    phase != "Succeeded" && phase != "Failed";
  if (is_pod && runs && grace > 0) {
    if (IsBeingDeleted(*before)) return {.body = *before};
    Json ending = *before;
    ending["metadata"]["deletionTimestamp"] =
        FormatTime(std::chrono::system_clock::now() + std::chrono::seconds(grace));
    ending["metadata"]["deletionGracePeriodSeconds"] = grace;
    return {.body = Store(path.collection, before, std::move(ending))};
  }
  EraseObject(path.collection, before);
  return {.body = is_pod ? *before : DeletedStatus(path, *before)};
}

FakeAnswer FakeObjects::DeleteAll(const FakePath& path, const ApiRequest& request,
                                  const Json& options) {
  FakeSelector selector{.name_space = path.name_space};
  for (const auto& [key, value] : request.query) {
    if (key == "labelSelector") selector.labels = value;
    if (key == "fieldSelector") selector.fields = value;
  }
  for (const FakeObject& object : List(path.collection, selector)) {
    FakePath one = path;
    one.name = Name(*object);
    one.name_space = Namespace(*object);
    Delete(one, object, options);
  }
  return {.body = DeletedStatus(path, Json::object())};
}

void FakeObjects::Orphan(const std::string& uid) {
  for (auto& [collection, objects] : collections_) {
    const Collection all = objects;
    for (const auto& [key, object] : all) {
      Json owners = kube::GetList(*object, {"metadata", "ownerReferences"});
      const auto is_of = [&](const Json& owner) { return kube::GetString(owner, {"uid"}) == uid; };
      const auto kept = std::remove_if(owners.begin(), owners.end(), is_of);
      if (kept == owners.end()) continue;
      owners.erase(kept, owners.end());
      Json orphan = *object;
      orphan["metadata"]["ownerReferences"] = owners;
      Store(collection, object, std::move(orphan));
    }
  }
}

int FakeObjects::CollectGarbage() {
  int collected = 0;
  bool is_done = false;
  while (!is_done) {
    is_done = true;
    std::set<std::string> uids;
    for (const auto& [collection, objects] : collections_) {
      for (const auto& [key, object] : objects) uids.insert(Uid(*object));
    }
    for (auto& [collection, objects] : collections_) {
      const Collection all = objects;
      for (const auto& [key, object] : all) {
        const Json& owners = kube::GetList(*object, {"metadata", "ownerReferences"});
        const bool is_owned = std::any_of(owners.begin(), owners.end(), [&](const Json& owner) {
          return uids.contains(kube::GetString(owner, {"uid"}));
        });
        if (owners.empty() || is_owned) continue;
        EraseObject(collection, object);
        ++collected;
        is_done = false;
      }
    }
  }
  return collected;
}

Json FakeObjects::Store(const std::string& collection, const FakeObject& before, Json after) {
  after["metadata"]["resourceVersion"] = std::to_string(++version_);
  const auto stored = std::make_shared<const Json>(std::move(after));
  collections_[collection][Key(*stored)] = stored;
  history_.push_back(
      {.version = version_, .collection = collection, .before = before, .after = stored});
  return *stored;
}

void FakeObjects::EraseObject(const std::string& collection, const FakeObject& before) {
  // The last state is told with the version of its removal.
  Json last = *before;
  last["metadata"]["resourceVersion"] = std::to_string(++version_);
  collections_[collection].erase(Key(*before));
  history_.push_back({.version = version_,
                      .collection = collection,
                      .before = std::make_shared<const Json>(std::move(last))});
}

}  // namespace trainyard::kube::testing
