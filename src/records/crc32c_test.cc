#include "records/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace trainyard::records {
namespace {

using std::string_literals::operator""s;

TEST(Crc32cTest, GivesThePublishedValues) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(""), 0u);
}

TEST(Crc32cTest, MaskedValuesAreThoseOfTheRecordFormat) {
  EXPECT_EQ(MaskedCrc32c("\x1a\x11"s + "CRC test, one two"), 0x5794d08au);
  EXPECT_EQ(MaskedCrc32c("\x18\0\0\0\0\0\0\0"s), 0x224b7fa3u);
}

TEST(Crc32cTest, InstructionAndTableAgreeAtEveryLengthAndAlignment) {
  if (!internal::HasCrc32cInstruction()) GTEST_SKIP() << "this processor has no such instruction";
  std::mt19937 random(7);
  std::string bytes(600, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  for (size_t start = 0; start < 9; ++start) {
    for (size_t length = 0; length + start <= bytes.size(); ++length) {
      const std::string_view part = std::string_view(bytes).substr(start, length);
      ASSERT_EQ(internal::Crc32cByInstruction(part), internal::Crc32cByTable(part)) << length;
    }
  }
}

}  // namespace
}  // namespace trainyard::records
