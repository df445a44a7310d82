#include "spec/quantity.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace trainyard::spec {
namespace {

struct Suffix {
  std::string_view text;
  int base;
  int exponent;
};

constexpr Suffix kSuffixes[] = {
    {"", 10, 0},   {"n", 10, -9}, {"u", 10, -6}, {"m", 10, -3}, {"k", 10, 3},  {"M", 10, 6},
    {"G", 10, 9},  {"T", 10, 12}, {"P", 10, 15}, {"E", 10, 18}, {"Ki", 2, 10}, {"Mi", 2, 20},
    {"Gi", 2, 30}, {"Ti", 2, 40}, {"Pi", 2, 50}, {"Ei", 2, 60},
};

// e3 or E-2, which is no suffix E: a number follows.
std::optional<int> ParseExponent(std::string_view text) {
  if (text.empty() || (text.front() != 'e' && text.front() != 'E')) return std::nullopt;
  text.remove_prefix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  int exponent = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return exponent;
}

// Divides where it can, so that 100m is the double nearest to 0.1.
double Scale(double number, int base, int exponent) {
  const double factor = std::pow(base, std::abs(exponent));
  return exponent < 0 ? number / factor : number * factor;
}

}  // namespace

std::optional<double> ParseQuantity(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  const size_t size = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view digits = text.substr(0, size);
  double number = 0;
  const auto [rest, error] =
      std::from_chars(digits.data(), digits.data() + size, number, std::chars_format::fixed);
  if (error != std::errc() || rest != digits.data() + size) return std::nullopt;
  const std::string_view suffix = text.substr(size);
  std::optional<double> amount;
  if (const std::optional<int> exponent = ParseExponent(suffix)) {
    amount = Scale(number, 10, *exponent);
  } else {
    for (const Suffix& known : kSuffixes) {
      if (known.text == suffix) amount = Scale(number, known.base, known.exponent);
    }
  }
  if (!amount || !std::isfinite(*amount)) return std::nullopt;
  return is_negative ? -*amount : *amount;
}

Result<double> ReadQuantity(const Reader& reader, const Node& node, std::string_view path) {
  const bool is_scalar = !node.is_map() && !node.is_list() && node.kind != Node::Kind::kBool;
  const std::optional<double> amount = is_scalar ? ParseQuantity(node.text) : std::nullopt;
  if (!amount || *amount < 0) {
    return reader.Fail(
        node, path,
        fmt::format("expected an amount >= 0, such as 2, 500m or 1Gi, found {}", node.Describe()));
  }
  return *amount;
}

}  // namespace trainyard::spec
