#include "kube/compact_uid.h"

namespace trainyard::kube {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

CompactUid ToCompactUid(std::string_view uid) {
  CompactUid compact;
  int digits = 0;
  for (const char c : uid) {
    if (c == '-') continue;
    const int digit = HexDigit(c);
    if (digit < 0 || ++digits > 32) break;
    uint64_t& half = digits <= 16 ? compact.high : compact.low;
    half = half << 4 | static_cast<uint64_t>(digit);
  }
  if (digits == 32 && uid.size() == 36) return compact;
  constexpr uint64_t kPrime = 1099511628211u;  // FNV-1a, from two starts
  compact = {.high = 14695981039346656037u, .low = 88172645463325252u};
  for (const char c : uid) {
    compact.high = (compact.high ^ static_cast<unsigned char>(c)) * kPrime;
    compact.low = (compact.low ^ static_cast<unsigned char>(c)) * kPrime;
  }
  return compact;
}

}  // namespace trainyard::kube
