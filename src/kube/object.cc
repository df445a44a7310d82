#include "kube/object.h"

#include <charconv>
#include <cstdio>
#include <ctime>
#include <utility>

namespace trainyard::kube {
namespace {

constexpr size_t kMaxJsonBytes = 64u << 20;
constexpr int kMaxJsonDepth = 64;

std::string StringOf(const Json* value) {
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

// A run of exactly `count` digits at the front of `text`, which is taken off.
std::optional<int> TakeDigits(size_t count, std::string_view* text) {
  if (text->size() < count) return std::nullopt;
  int value = 0;
  const char* end = text->data() + count;
  const auto [rest, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || rest != end || text->front() == '-') return std::nullopt;
  text->remove_prefix(count);
  return value;
}

bool TakeChar(char wanted, std::string_view* text) {
  if (text->empty() || text->front() != wanted) return false;
  text->remove_prefix(1);
  return true;
}

// ".123456" as microseconds; what is finer is cut off.
std::optional<std::chrono::microseconds> TakeFraction(std::string_view* text) {
  int64_t micros = 0;
  int digits = 0;
  while (!text->empty() && text->front() >= '0' && text->front() <= '9') {
    if (digits < 6) micros = micros * 10 + (text->front() - '0');
    ++digits;
    text->remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 6; ++digits) micros *= 10;
  return std::chrono::microseconds(micros);
}

// "Z" or "+01:00": what is to be taken off to get UTC.
std::optional<std::chrono::minutes> TakeZone(std::string_view* text) {
  if (TakeChar('Z', text)) return std::chrono::minutes(0);
  const int sign = TakeChar('-', text) ? -1 : 1;
  if (sign == 1 && !TakeChar('+', text)) return std::nullopt;
  const auto hours = TakeDigits(2, text);
  if (!hours || !TakeChar(':', text)) return std::nullopt;
  const auto minutes = TakeDigits(2, text);
  if (!minutes) return std::nullopt;
  return std::chrono::minutes(sign * (*hours * 60 + *minutes));
}

std::string FormatSeconds(std::time_t seconds, const char* format) {
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, format, &utc));
}

// Does the text nest deeper than a document of Kubernetes ever does? The parser recurses no further
// than that, but what is built from it is destroyed level by level.
bool NestsTooDeep(std::string_view text) {
  int depth = 0;
  bool is_quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_quoted) {
      if (c == '\\') ++i;
      is_quoted = c != '"';
      continue;
    }
    if (c == '"') is_quoted = true;
    if (c == '{' || c == '[') {
      if (++depth > kMaxJsonDepth) return true;
    }
    if (c == '}' || c == ']') --depth;
  }
  return false;
}

}  // namespace

const Json* Find(const Json& object, std::initializer_list<std::string_view> path) {
  const Json* value = &object;
  for (const std::string_view key : path) {
    if (!value->is_object()) return nullptr;
    const auto found = value->find(key);
    if (found == value->end()) return nullptr;
    value = &*found;
  }
  return value;
}

std::string GetString(const Json& object, std::initializer_list<std::string_view> path) {
  return StringOf(Find(object, path));
}

int64_t GetInt(const Json& object, std::initializer_list<std::string_view> path,
               int64_t otherwise) {
  const Json* value = Find(object, path);
  if (value == nullptr || !value->is_number_integer()) return otherwise;
  const bool fits = !value->is_number_unsigned() || value->get<uint64_t>() <= INT64_MAX;
  return fits ? value->get<int64_t>() : otherwise;
}

bool GetBool(const Json& object, std::initializer_list<std::string_view> path) {
  const Json* value = Find(object, path);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

const Json& GetList(const Json& object, std::initializer_list<std::string_view> path) {
  static const Json kEmpty = Json::array();
  const Json* value = Find(object, path);
  return value != nullptr && value->is_array() ? *value : kEmpty;
}

std::string Name(const Json& object) { return GetString(object, {"metadata", "name"}); }

std::string Namespace(const Json& object) { return GetString(object, {"metadata", "namespace"}); }

std::string Uid(const Json& object) { return GetString(object, {"metadata", "uid"}); }

std::string Label(const Json& object, std::string_view key) {
  return GetString(object, {"metadata", "labels", key});
}

std::string Annotation(const Json& object, std::string_view key) {
  return GetString(object, {"metadata", "annotations", key});
}

bool IsBeingDeleted(const Json& object) {
  return !GetString(object, {"metadata", "deletionTimestamp"}).empty();
}

std::string ControllerUid(const Json& object) {
  for (const Json& owner : GetList(object, {"metadata", "ownerReferences"})) {
    if (GetBool(owner, {"controller"})) return GetString(owner, {"uid"});
  }
  return {};
}

uint64_t ResourceVersion(const Json& object) {
  const std::string text = GetString(object, {"metadata", "resourceVersion"});
  uint64_t version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

std::optional<TimePoint> ParseTime(std::string_view text) {
  const auto year = TakeDigits(4, &text);
  if (!year || !TakeChar('-', &text)) return std::nullopt;
  const auto month = TakeDigits(2, &text);
  if (!month || !TakeChar('-', &text)) return std::nullopt;
  const auto day = TakeDigits(2, &text);
  if (!day || !TakeChar('T', &text)) return std::nullopt;
  const auto hour = TakeDigits(2, &text);
  if (!hour || !TakeChar(':', &text)) return std::nullopt;
  const auto minute = TakeDigits(2, &text);
  if (!minute || !TakeChar(':', &text)) return std::nullopt;
  const auto second = TakeDigits(2, &text);
  if (!second) return std::nullopt;
  std::chrono::microseconds fraction{0};
  if (TakeChar('.', &text)) {
    const auto taken = TakeFraction(&text);
    if (!taken) return std::nullopt;
    fraction = *taken;
  }
  const auto zone = TakeZone(&text);
  if (!zone || !text.empty()) return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::sys_time<std::chrono::microseconds> time =
      std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
      std::chrono::seconds(*second) + fraction - *zone;
  constexpr auto kFirst = std::chrono::ceil<std::chrono::seconds>(TimePoint::min());
  constexpr auto kLast = std::chrono::floor<std::chrono::seconds>(TimePoint::max());
  if (time < kFirst) return kFirst;
  if (time > kLast) return kLast;
  return time;
}

std::string FormatTime(TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  return FormatSeconds(seconds.count(), "%Y-%m-%dT%H:%M:%SZ");
}

std::string FormatMicroTime(TimePoint time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  const auto micros =
      std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch() - whole);
  return fmt::format("{}.{:06}Z", FormatSeconds(whole.count(), "%Y-%m-%dT%H:%M:%S"),
                     micros.count());
}

std::optional<TimePoint> GetTime(const Json& object, std::initializer_list<std::string_view> path) {
  return ParseTime(GetString(object, path));
}

Result<Json> ParseJson(std::string_view what, std::string_view text) {
  if (text.size() > kMaxJsonBytes) {
    return InvalidArgumentError("{}: {} bytes of JSON, more than {}", what, text.size(),
                                kMaxJsonBytes);
  }
  if (NestsTooDeep(text)) {
    return InvalidArgumentError("{}: JSON that nests deeper than {} levels", what, kMaxJsonDepth);
  }
  Json parsed = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) {
    return InvalidArgumentError("{}: not JSON: {}", what, text.substr(0, 80));
  }
  return parsed;
}

Json MergePatch(const Json& before, const Json& after) {
  Json patch = Json::object();
  for (const auto& [key, value] : before.items()) {
    if (!after.contains(key)) patch[key] = nullptr;
  }
  for (const auto& [key, value] : after.items()) {
    const auto old = before.find(key);
    if (old == before.end() || (*old != value && !(old->is_object() && value.is_object()))) {
      patch[key] = value;
    } else if (*old != value) {
      patch[key] = MergePatch(*old, value);
    }
  }
  return patch;
}

}  // namespace trainyard::kube
