#include "spec/base64.h"

#include <cstdint>

namespace trainyard::spec {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<std::string> DecodeBase64(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;  // those not yet given out, newest lowest
  int num_bits = 0;
  size_t letters = 0;
  size_t padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos || padding > 0) return std::nullopt;
    ++letters;
    bits = (bits << 6 | static_cast<uint32_t>(value)) & 0xfff;
    num_bits += 6;
    if (num_bits >= 8) {
      num_bits -= 8;
      bytes.push_back(static_cast<char>(bits >> num_bits & 0xff));
    }
  }
  if ((letters + padding) % 4 != 0 || padding > 2) return std::nullopt;
  return bytes;
}

}  // namespace trainyard::spec
