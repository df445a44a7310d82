#include "cli/image_draw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::cli {
namespace {

using ::testing::ElementsAre;

TEST(DrawImageTest, PlainShadesShowTwoRowsPerLine) {
  const GreyImage image{3, 4, {0, 1, 0.5f, 0, 1, 0.5f, 1, 0, 0, 1, 0, 0}};
  EXPECT_THAT(DrawImage(image, DrawStyle::kPlain), ElementsAre(" @+", "@  "));
}

TEST(DrawImageTest, AnOddLastRowIsDrawnOnBlack) {
  EXPECT_THAT(DrawImage({1, 1, {1}}, DrawStyle::kPlain), ElementsAre("+"));
}

TEST(DrawImageTest, ColoursUseHalfBlocksAndEndWithAReset) {
  const GreyImage image{2, 2, {0, 0, 1, 1}};
  EXPECT_THAT(DrawImage(image, DrawStyle::kColours),
              ElementsAre("\x1b[38;5;16;48;5;231m\u2580\u2580\x1b[0m"));
}

TEST(DrawImageTest, OddValuesDoNoHarm) {
  const GreyImage image{3, 1, {-5, 7, std::numeric_limits<float>::quiet_NaN()}};
  EXPECT_EQ(DrawImage(image, DrawStyle::kPlain).size(), 1u);
}

TEST(DrawBarsTest, MarksTheAnswer) {
  const double shares[] = {0.25, 0.75};
  EXPECT_THAT(DrawBars(shares, 1, 8, DrawStyle::kPlain),
              ElementsAre("   0  25.0 % ##", ">  1  75.0 % ######"));
}

TEST(SideBySideTest, CentresTheShorterBlock) {
  EXPECT_THAT(SideBySide({"ab", "cd", "ef"}, 2, {"1"}), ElementsAre("ab", "cd   1", "ef"));
  EXPECT_THAT(SideBySide({"ab"}, 2, {"1", "2", "3"}), ElementsAre("     1", "ab   2", "     3"));
}

}  // namespace
}  // namespace trainyard::cli
