#include <algorithm>

#include "kube/fields.h"
#include "kube/internal/json_text.h"
#include "kube/internal/log_progress.h"
#include "kube/object.h"
#include "kube/testing/fuzz_targets.h"

namespace trainyard::kube {
namespace {

using internal::FindMember;
using internal::ParseWatchEvent;
using internal::SplitList;
using internal::WatchEvent;

constexpr char kPod[] =
    R"({"metadata":{"name":"a\"b","namespace":"n","uid":"u","resourceVersion":"12",)"
    R"("labels":{"k":"v"},"managedFields":[{"x":[]}],"ownerReferences":[{"uid":"o","controller":)"
    R"(true}],"creationTimestamp":"2026-11-25T21:00:03Z"},"spec":{"containers":[{"name":"c"}],)"
    R"("list":[1,2.5,-3e7,true,null,"\u00e4\\"]},"status":{"phase":"Running","containerStatuses":)"
    R"([{"name":"c","state":{"terminated":{"exitCode":1}}}]}})";

std::string EventText() { return std::string(R"({"type":"MODIFIED","object":)") + kPod + "}"; }

std::string ListText() {
  return std::string(R"({"kind":"PodList","metadata":{"resourceVersion":"7","continue":"t"},)") +
         R"("items":[)" + kPod + "," + kPod + "]}";
}

void UseAccessors(const Json& object) {
  (void)Name(object);
  (void)Namespace(object);
  (void)Uid(object);
  (void)Label(object, "k");
  (void)Annotation(object, "k");
  (void)IsBeingDeleted(object);
  (void)ControllerUid(object);
  (void)ResourceVersion(object);
  (void)GetInt(object, {"status", "code"});
  (void)FindLogSource(object, "");
  (void)FindLogSource(object, "c");
}

Status CheckJson(std::string_view text) {
  const Result<Json> parsed = ParseJson("x", text);
  if (!parsed.ok()) {
    return Expect(parsed.error().code() == StatusCode::kInvalidArgument, "other text is refused");
  }
  UseAccessors(*parsed);
  const Result<Json> again = ParseJson("x", parsed->dump());
  return Expect(again.ok() && *again == *parsed, "what is written reads as the same");
}

// A null in a merge patch takes a member away, so that no patch can put one there.
bool HasNull(const Json& value) {
  return value.is_null() ||
         (value.is_structured() && std::any_of(value.begin(), value.end(), HasNull));
}

// Two objects, each in a line of its own.
Status CheckMergePatch(std::string_view text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const Result<Json> before = ParseJson("x", text.substr(0, end));
  const Result<Json> after = ParseJson("x", text.substr(end));
  if (!before.ok() || !after.ok() || !before->is_object() || !after->is_object()) return OkStatus();
  if (HasNull(*before) || HasNull(*after)) return OkStatus();
  const Json patch = MergePatch(*before, *after);
  Json patched = *before;
  patched.merge_patch(patch);
  RETURN_IF_ERROR(Expect(patched == *after, "the patch makes the one of the other"));
  return Expect(patch.empty() == (*before == *after), "equal objects need no patch");
}

void EraseManagedFields(Json* object) {
  const auto metadata = object->is_object() ? object->find("metadata") : object->end();
  if (metadata == object->end() || !metadata->is_object()) return;
  if (Find(*metadata, {"managedFields"}) != nullptr) metadata->erase("managedFields");
}

Status CheckObject(std::string_view text) {
  Result<Json> object = ParseObject("x", text);
  Result<Json> whole = ParseJson("x", text);
  if (!whole.ok()) return OkStatus();
  RETURN_IF_ERROR(object.status());
  EraseManagedFields(&*object);
  EraseManagedFields(&*whole);
  return Expect(*object == *whole, "only managedFields is left out");
}

// What Fields stand for, done with the whole tree.
Json Keep(const Json& value, const Fields::Node& wanted) {
  if (wanted.members.empty() || !value.is_structured()) return value;
  Json kept = value.is_array() ? Json::array() : Json::object();
  if (value.is_array()) {
    for (const Json& item : value) kept.push_back(Keep(item, wanted));
    return kept;
  }
  for (const Fields::Node& member : wanted.members) {
    if (const Json* found = Find(value, {member.name})) kept[member.name] = Keep(*found, member);
  }
  return kept;
}

Status CheckFields(std::string_view text) {
  static const Fields kFields{"spec.list", "status.containerStatuses.state", "metadata.labels"};
  (void)ParseObject("x", text, kFields);
  // Each name stands once, and without needless escapes, in what was written from a tree.
  const Result<Json> tree = ParseJson("x", text);
  if (!tree.ok() || !tree->is_object()) return OkStatus();
  const Result<Json> read = ParseObject("x", tree->dump(), kFields);
  return Expect(read.ok() && *read == Keep(*tree, kFields.root()), "what is wanted, no more");
}

Status CheckWatchEvent(std::string_view text) {
  if (const auto event = ParseWatchEvent(text); event.ok()) {
    (void)ParseObject("x", event->object);
    (void)FindMember(event->object, "metadata");
  }
  // Each name stands once in what was written from a tree.
  const Result<Json> tree = ParseJson("x", text);
  if (!tree.ok()) return OkStatus();
  for (const int indent : {-1, 2}) {
    const std::string line = tree->dump(indent);
    const Result<WatchEvent> event = ParseWatchEvent(line);
    const std::string type = GetString(*tree, {"type"});
    const Json* object = Find(*tree, {"object"});
    const bool is_event = !type.empty() && object != nullptr && object->is_object();
    RETURN_IF_ERROR(Expect(event.ok() == is_event, "an event has a type and an object"));
    if (!is_event) continue;
    // The type is text as it is written, with its escapes.
    RETURN_IF_ERROR(Expect('"' + std::string(event->type) + '"' == Json(type).dump(), "the type"));
    const Result<Json> read = ParseJson("x", event->object);
    RETURN_IF_ERROR(Expect(read.ok() && *read == *object, "the object"));
  }
  return OkStatus();
}

// A list as a parser of whole documents sees it.
Status CheckListOfTree(const Json& tree, const std::string& text) {
  Json items = Json::array();
  const auto list = SplitList(text, [&](std::string_view item) -> Status {
    ASSIGN_OR_RETURN(Json parsed, ParseJson("x", item));
    items.push_back(std::move(parsed));
    return OkStatus();
  });
  if (!list.ok()) return OkStatus();
  RETURN_IF_ERROR(Expect(items == GetList(tree, {"items"}), "the items"));
  RETURN_IF_ERROR(
      Expect(list->version == ResourceVersion(tree["metadata"].is_object() ? tree : Json::object()),
             "the version"));
  const std::string next = GetString(tree, {"metadata", "continue"});
  return Expect(next.find_first_of("\"\\") != next.npos ||
                    Json(next).dump().size() != next.size() + 2 || list->next == next,
                "the next page");
}

Status CheckList(std::string_view text) {
  (void)SplitList(text, [](std::string_view item) { return ParseObject("x", item).status(); });
  const Result<Json> tree = ParseJson("x", text);
  if (!tree.ok() || !tree->is_object() || !tree->contains("metadata")) return OkStatus();
  RETURN_IF_ERROR(CheckListOfTree(*tree, tree->dump()));
  return CheckListOfTree(*tree, tree->dump(2));
}

Status CheckTime(std::string_view text) {
  const auto time = ParseTime(text);
  if (!time) return OkStatus();
  RETURN_IF_ERROR(Expect(ParseTime(FormatMicroTime(*time)) == time, "microseconds come back"));
  return Expect(ParseTime(FormatTime(*time)) == std::chrono::floor<std::chrono::seconds>(*time),
                "seconds come back");
}

}  // namespace

std::vector<FuzzTarget> ObjectTargets() {
  return {
      {"json", CheckJson, {kPod, "[1,-2,3.5e-7,18446744073709551615,\"\\u00e4\"]"}},
      {"merge_patch",
       CheckMergePatch,
       {std::string(kPod) + "\n" + R"({"metadata":{"name":"b"},"spec":{"list":[]},"x":1})",
        R"({"a":{"b":1,"c":{}},"d":[1]})"
        "\n"
        R"({"a":{"b":{"e":2}},"d":[2],"f":"g"})"}},
      {"object", CheckObject, {kPod}},
      {"fields", CheckFields, {kPod}},
      {"watch_event",
       CheckWatchEvent,
       {EventText(), R"({"object":{"metadata":{"resourceVersion":"9"}},"type":"BOOKMARK"})"}},
      {"list", CheckList, {ListText(), R"({"metadata":{"resourceVersion":"1"},"items":[]})"}},
      {"time",
       CheckTime,
       {"2026-11-25T21:00:03Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
        "2026-02-28T23:59:60.123456789+01:30", "1999-12-31T00:00:00.5-00:01"}},
  };
}

}  // namespace trainyard::kube
