// Points in time as text: RFC 3339 in UTC, as Kubernetes writes them. Thread-safe.
//
//   FormatTimestamp(t)        "2024-05-01T12:03:07Z"
//   FormatTimestampMillis(t)  "2024-05-01T12:03:07.250Z"
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "job/replica.h"

namespace trainyard::local {

std::string FormatTimestamp(job::TimePoint time);
std::string FormatTimestampMillis(job::TimePoint time);

// With or without a fraction, with "Z" or an offset such as "+02:00"; nullopt for any other text.
std::optional<job::TimePoint> ParseTimestamp(std::string_view text);

// For people, in this machine's time zone: "12:03", or "2024-05-01 12:03" if `now` is of another
// day.
std::string FormatClock(job::TimePoint time, job::TimePoint now);

}  // namespace trainyard::local
