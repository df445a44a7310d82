#include "kube/internal/line_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace trainyard::kube {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Split(const std::vector<std::string_view>& pieces) {
  std::vector<std::string> lines;
  LineSplitter splitter(1000);
  const auto take = [&](std::string_view line) {
    lines.emplace_back(line);
    return OkStatus();
  };
  for (const std::string_view piece : pieces) EXPECT_TRUE(splitter.Feed(piece, take).ok());
  EXPECT_TRUE(splitter.Finish(take).ok());
  return lines;
}

TEST(LineSplitterTest, DoesNotDependOnWhereThePiecesEnd) {
  const std::string_view text = "one\n\ntwo three\r\n{\"a\": 1}\nlast";
  const auto whole = ElementsAre("one", "", "two three\r", "{\"a\": 1}", "last");
  EXPECT_THAT(Split({text}), whole);
  for (size_t first = 0; first <= text.size(); ++first) {
    for (size_t second = first; second <= text.size(); ++second) {
      EXPECT_THAT(
          Split({text.substr(0, first), text.substr(first, second - first), text.substr(second)}),
          whole);
    }
  }
}

TEST(LineSplitterTest, AnEndOfLineAtTheEndIsNoFurtherLine) {
  EXPECT_THAT(Split({"a\n"}), ElementsAre("a"));
  EXPECT_THAT(Split({}), ElementsAre());
}

TEST(LineSplitterTest, ALineThatIsTooLongIsAFailure) {
  const auto ignore = [](std::string_view) { return OkStatus(); };
  LineSplitter splitter(4);
  EXPECT_TRUE(splitter.Feed("1234\n12", ignore).ok());
  EXPECT_TRUE(splitter.Feed("34", ignore).ok());
  EXPECT_EQ(splitter.Feed("5", ignore).code(), StatusCode::kResourceExhausted);
}

TEST(LineSplitterTest, TheFirstFailureEndsIt) {
  int lines = 0;
  LineSplitter splitter(100);
  const Status status = splitter.Feed("a\nb\nc\n", [&](std::string_view line) {
    ++lines;
    return line == "b" ? AbortedError("enough") : OkStatus();
  });
  EXPECT_EQ(status.message(), "enough");
  EXPECT_EQ(lines, 2);
}

}  // namespace
}  // namespace trainyard::kube
