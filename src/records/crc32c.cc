#include "records/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace trainyard::records {
namespace {

// kTables[k][b]: the checksum's change for byte b followed by k zero bytes ("slicing by 8").
using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables MakeTables() {
  constexpr uint32_t kReversedPolynomial = 0x82f63b78u;
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? kReversedPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < tables.size(); ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t previous = tables[k - 1][byte];
      tables[k][byte] = (previous >> 8) ^ tables[0][previous & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

uint64_t Load64(const char* data) {
  uint64_t word;
  std::memcpy(&word, data, sizeof(word));
  return word;
}

}  // namespace

namespace internal {

uint32_t Crc32cByTable(std::string_view bytes) {
  uint32_t crc = 0xffffffffu;
  while (bytes.size() >= 8) {
    const uint64_t word = Load64(bytes.data()) ^ crc;
    crc = 0;
    for (size_t i = 0; i < 8; ++i) crc ^= kTables[7 - i][(word >> (8 * i)) & 0xff];
    bytes.remove_prefix(8);
  }
  for (const char c : bytes) crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<uint8_t>(c)) & 0xff];
  return ~crc;
}

#if defined(__x86_64__)

bool HasCrc32cInstruction() { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) uint32_t Crc32cByInstruction(std::string_view bytes) {
  uint64_t crc = 0xffffffffu;
  while (bytes.size() >= 8) {
    crc = _mm_crc32_u64(crc, Load64(bytes.data()));
    bytes.remove_prefix(8);
  }
  auto last = static_cast<uint32_t>(crc);
  for (const char c : bytes) last = _mm_crc32_u8(last, static_cast<uint8_t>(c));
  return ~last;
}

#else

bool HasCrc32cInstruction() { return false; }

uint32_t Crc32cByInstruction(std::string_view bytes) { return Crc32cByTable(bytes); }

#endif

}  // namespace internal

uint32_t Crc32c(std::string_view bytes) {
  static const bool has_instruction = internal::HasCrc32cInstruction();
  return has_instruction ? internal::Crc32cByInstruction(bytes) : internal::Crc32cByTable(bytes);
}

}  // namespace trainyard::records
