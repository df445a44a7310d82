#include "local/state/timestamp.h"

#include <fmt/format.h>

#include <chrono>
#include <ctime>

namespace trainyard::local {
namespace {

using std::chrono::days;
using std::chrono::duration_cast;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// Takes one digit group of exactly `width` digits from the front.
bool TakeNumber(size_t width, std::string_view* text, int* value) {
  if (text->size() < width) return false;
  *value = 0;
  for (const char c : text->substr(0, width)) {
    if (c < '0' || c > '9') return false;
    *value = *value * 10 + (c - '0');
  }
  text->remove_prefix(width);
  return true;
}

bool TakeChar(char wanted, std::string_view* text) {
  if (!text->starts_with(wanted)) return false;
  text->remove_prefix(1);
  return true;
}

bool TakeFraction(std::string_view* text, nanoseconds* fraction) {
  if (!TakeChar('.', text)) return true;
  nanoseconds unit(100'000'000);
  size_t digits = 0;
  for (; digits < text->size() && (*text)[digits] >= '0' && (*text)[digits] <= '9'; ++digits) {
    *fraction += unit * ((*text)[digits] - '0');
    unit /= 10;
  }
  text->remove_prefix(digits);
  return digits > 0;
}

bool TakeOffset(std::string_view* text, seconds* offset) {
  if (TakeChar('Z', text) || TakeChar('z', text)) return true;
  const int sign = TakeChar('-', text) ? -1 : TakeChar('+', text) ? 1 : 0;
  int hour = 0;
  int minute = 0;
  const bool ok = sign != 0 && TakeNumber(2, text, &hour) && TakeChar(':', text) &&
                  TakeNumber(2, text, &minute);
  *offset = sign * (hours(hour) + minutes(minute));
  return ok;
}

}  // namespace

std::string FormatTimestamp(job::TimePoint time) {
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(floor<seconds>(time - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string FormatTimestampMillis(job::TimePoint time) {
  std::string text = FormatTimestamp(time);
  text.pop_back();
  const auto second = floor<seconds>(time);
  return fmt::format("{}.{:03}Z", text, duration_cast<milliseconds>(time - second).count());
}

std::optional<job::TimePoint> ParseTimestamp(std::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  nanoseconds fraction{0};
  seconds offset{0};
  const bool ok =
      TakeNumber(4, &text, &year) && TakeChar('-', &text) && TakeNumber(2, &text, &month) &&
      TakeChar('-', &text) && TakeNumber(2, &text, &day) &&
      (TakeChar('T', &text) || TakeChar('t', &text)) && TakeNumber(2, &text, &hour) &&
      TakeChar(':', &text) && TakeNumber(2, &text, &minute) && TakeChar(':', &text) &&
      TakeNumber(2, &text, &second) && TakeFraction(&text, &fraction) && TakeOffset(&text, &offset);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  // Years beyond these do not fit the clock's nanoseconds.
  if (!ok || !text.empty() || !date.ok() || year < 1700 || year > 2250 || hour > 23 ||
      minute > 59 || second > 60) {
    return std::nullopt;
  }
  const auto since_midnight = hours(hour) + minutes(minute) + seconds(second) - offset;
  return std::chrono::sys_days(date) + since_midnight +
         duration_cast<job::TimePoint::duration>(fraction);
}

std::string FormatClock(job::TimePoint time, job::TimePoint now) {
  const auto local = [](job::TimePoint point) {
    const std::time_t seconds_since_epoch = std::chrono::system_clock::to_time_t(point);
    std::tm parts{};
    localtime_r(&seconds_since_epoch, &parts);
    return parts;
  };
  const std::tm then = local(time);
  const std::tm today = local(now);
  const bool is_today = then.tm_year == today.tm_year && then.tm_yday == today.tm_yday;
  char text[32];
  std::strftime(text, sizeof(text), is_today ? "%H:%M" : "%Y-%m-%d %H:%M", &then);
  return text;
}

}  // namespace trainyard::local
