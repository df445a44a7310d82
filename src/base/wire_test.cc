#include "base/wire.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace trainyard {
namespace {

TEST(WireTest, EncodesTheSpecificationsExamples) {
  EXPECT_EQ(WireWriter().Varint(1, 150).str(), std::string_view("\x08\x96\x01", 3));
  EXPECT_EQ(WireWriter().Bytes(2, "testing").str(), "\x12\x07testing");
  EXPECT_EQ(WireWriter().Varint(1, static_cast<uint64_t>(-1)).str().size(), 11u);
}

TEST(WireTest, ReadsBackWhatItWrote) {
  WireWriter inner;
  inner.Float(1, 0.5f);
  WireWriter writer;
  writer.Varint(1, 1u << 31)
      .Double(2, -2.25)
      .Message(3, inner)
      .Fixed32(4, 7)
      .MapEntry(5, "k", inner);
  WireReader reader(writer.str());
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.varint(), 1u << 31);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.AsDouble(), -2.25);
  ASSERT_TRUE(reader.Next());
  WireReader nested(reader.bytes());
  ASSERT_TRUE(nested.Next());
  EXPECT_EQ(nested.AsFloat(), 0.5f);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.fixed32(), 7u);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.field(), 5);
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.ok());
}

TEST(WireTest, EveryTruncationIsRefusedOrEndsCleanly) {
  const std::string whole = WireWriter().Varint(1, 300).Bytes(2, "abc").Double(3, 1).str();
  for (size_t length = 0; length <= whole.size(); ++length) {
    WireReader reader(std::string_view(whole).substr(0, length));
    int fields = 0;
    while (reader.Next()) ++fields;
    EXPECT_EQ(reader.ok(), length == 0 || length == 3 || length == 8 || length == whole.size());
    EXPECT_LE(fields, 3);
  }
}

TEST(WireTest, HostileBytesEndTheWalk) {
  for (const std::string_view bytes :
       {std::string_view("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11),
        std::string_view("\x0b", 1), std::string_view("\x00\x01", 2),
        std::string_view("\x80", 1)}) {
    WireReader reader(bytes);
    while (reader.Next()) {
    }
    EXPECT_FALSE(reader.ok());
  }
}

}  // namespace
}  // namespace trainyard
