// Kubernetes objects as what they are: JSON documents. Nothing is generated from their types, so a
// field that we do not know survives being read and written.
//
// Accessors never throw and never create anything; a member that is absent or of another type reads
// as empty. Pure, thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/status.h"

namespace trainyard::kube {

using Json = nlohmann::json;
using TimePoint = std::chrono::system_clock::time_point;

// The member at the end of the path ({"status", "phase"}); null if it is not there.
const Json* Find(const Json& object, std::initializer_list<std::string_view> path);

std::string GetString(const Json& object, std::initializer_list<std::string_view> path);
// A whole number; `otherwise` if there is none, or it is too large.
int64_t GetInt(const Json& object, std::initializer_list<std::string_view> path,
               int64_t otherwise = 0);
bool GetBool(const Json& object, std::initializer_list<std::string_view> path);
// The list there, or an empty one.
const Json& GetList(const Json& object, std::initializer_list<std::string_view> path);

std::string Name(const Json& object);
std::string Namespace(const Json& object);
std::string Uid(const Json& object);
std::string Label(const Json& object, std::string_view key);
std::string Annotation(const Json& object, std::string_view key);
bool IsBeingDeleted(const Json& object);
// The uid of the owner with `controller: true`; empty if there is none.
std::string ControllerUid(const Json& object);

// resourceVersion as a number: versions of one resource are ordered (KEP-5504). 0 if absent.
uint64_t ResourceVersion(const Json& object);

// metav1.Time, "2026-11-25T21:00:03Z"; MicroTime has six digits after the seconds. nullopt for text
// that is no such time. Years that TimePoint does not reach (before 1677, after 2262: plugins say
// "never" with 9999) are read as its first or last second.
std::optional<TimePoint> ParseTime(std::string_view text);
std::string FormatTime(TimePoint time);
std::string FormatMicroTime(TimePoint time);
std::optional<TimePoint> GetTime(const Json& object, std::initializer_list<std::string_view> path);

// JSON text from outside; bounded in size (64 MiB) and nesting (64 levels). `what` starts the
// message of the InvalidArgument.
Result<Json> ParseJson(std::string_view what, std::string_view text);

// The smallest merge patch (RFC 7386) that makes `after` of `before`; an empty object if they are
// equal. Lists are replaced whole.
Json MergePatch(const Json& before, const Json& after);

}  // namespace trainyard::kube
