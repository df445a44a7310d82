#include "cli/quantity.h"

#include <charconv>
#include <utility>

namespace trainyard::cli {
namespace {

// The unsigned decimal number at the front, without an exponent.
std::optional<double> TakeNumber(std::string_view* text) {
  double value = 0;
  const char* begin = text->data();
  const char* end = begin + text->size();
  if (text->empty() || !((*begin >= '0' && *begin <= '9') || *begin == '.')) return std::nullopt;
  const auto [rest, error] = std::from_chars(begin, end, value, std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  text->remove_prefix(static_cast<size_t>(rest - begin));
  return value;
}

}  // namespace

std::optional<int64_t> ParseSize(std::string_view text) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"", 1},         {"k", 1e3},      {"M", 1e6},
      {"G", 1e9},      {"T", 1e12},     {"Ki", 1024.0},
      {"Mi", 1 << 20}, {"Gi", 1 << 30}, {"Ti", 1099511627776.0}};
  const auto number = TakeNumber(&text);
  if (!number) return std::nullopt;
  for (const auto& [name, factor] : kUnits) {
    if (name != text) continue;
    const double bytes = *number * factor;
    return bytes < 9e18 ? std::optional(static_cast<int64_t>(bytes)) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}};
  if (text == "0") return std::chrono::milliseconds(0);
  double total = 0;
  do {
    const auto number = TakeNumber(&text);
    if (!number) return std::nullopt;
    const std::string_view unit =
        text.substr(0, text.find_first_not_of("abcdefghijklmnopqrstuvwxyz"));
    double factor = 0;
    for (const auto& [name, millis] : kUnits) {
      if (name == unit) factor = millis;
    }
    if (factor == 0) return std::nullopt;
    total += *number * factor;
    text.remove_prefix(unit.size());
  } while (!text.empty());
  if (total > 1e15) return std::nullopt;
  return std::chrono::milliseconds(static_cast<int64_t>(total));
}

}  // namespace trainyard::cli
