// CRC-32C (Castagnoli), the checksum of TFRecord files, by the processor's own instruction where it
// has one (SSE4.2, found at run time), else by table. Thread-safe: no state.
// Source: RFC 3720, appendix B.4; the mask is that of the TFRecord format.
#pragma once

#include <cstdint>
#include <string_view>

namespace trainyard::records {

uint32_t Crc32c(std::string_view bytes);

// What a record carries: a checksum of bytes that themselves hold checksums is weak, so the stored
// one is rotated and shifted by a constant.
constexpr uint32_t MaskCrc(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

inline uint32_t MaskedCrc32c(std::string_view bytes) { return MaskCrc(Crc32c(bytes)); }

namespace internal {
// The two ways that Crc32c chooses from, for the test that they agree. Hardware needs
// HasCrc32cInstruction().
bool HasCrc32cInstruction();
uint32_t Crc32cByTable(std::string_view bytes);
uint32_t Crc32cByInstruction(std::string_view bytes);
}  // namespace internal

}  // namespace trainyard::records
