#include "kube/internal/warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace trainyard::kube {
namespace {

using ::testing::ElementsAre;

TEST(ParseWarningsTest, TakesTheTextsOfOneHeader) {
  EXPECT_THAT(ParseWarnings(R"(299 - "unknown field \"spec.x\"")"),
              ElementsAre("unknown field \"spec.x\""));
  EXPECT_THAT(ParseWarnings(R"(299 - "a, b", 299 server "c" "Wed, 25 Nov 2026 00:00:00 GMT")"),
              ElementsAre("a, b", "c"));
  EXPECT_THAT(ParseWarnings("299 - \"a\x1b[31m\""), ElementsAre("a [31m"));
}

TEST(ParseWarningsTest, OtherTextHoldsNone) {
  for (const char* text : {"", "299", "299 ", "299 -", "299 - ", "299 - x", "299 - \"x", ",,,",
                           "110 - \"stale\"", "299 - \"\"", "299 - \"x\\"}) {
    EXPECT_THAT(ParseWarnings(text), ElementsAre()) << text;
  }
}

TEST(ParseWarningsTest, AnyBytesComeToAnEnd) {
  std::mt19937 random(5);
  for (int round = 0; round < 20000; ++round) {
    std::string text(random() % 40, ' ');
    for (char& c : text) c = "29 -\"\\,x"[random() % 8];
    (void)ParseWarnings(text);
  }
}

}  // namespace
}  // namespace trainyard::kube
