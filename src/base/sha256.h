// SHA-256, the digest that `sha256sum` prints. Source: FIPS 180-4.
//
//   Sha256 digest;
//   digest.Update(first_part);
//   digest.Update(second_part);
//   const std::string hex = digest.Finish();  // 64 digits, lower case
//
// Thread-compatible. Some 200 MB/s: for files of megabytes, not for every request.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace trainyard {

class Sha256 {
 public:
  void Update(std::string_view bytes);

  // The digest of all that was given; the object is used up then.
  std::string Finish();

 private:
  static constexpr size_t kBlock = 64;
  void Compress(const unsigned char* block);

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, kBlock> waiting_{};
  size_t num_waiting_ = 0;
  uint64_t num_bytes_ = 0;
};

// Of one text.
std::string Sha256Of(std::string_view bytes);

}  // namespace trainyard
