#include "cli/live_screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/testing/terminal_model.h"

namespace trainyard::cli {
namespace {

using ::testing::ElementsAre;
using testing::TerminalModel;

// As a terminal's driver hands it on.
void Show(const std::vector<std::string>& lines, TerminalModel* screen) {
  for (const char c : FormatPicture(lines)) {
    if (c == '\n') screen->Feed("\r");
    screen->Feed(std::string_view(&c, 1));
  }
}

TEST(FormatPictureTest, GoesOverThePictureBefore) {
  TerminalModel screen(20, 6);
  Show({"one long line", "two", "three"}, &screen);
  Show({"short", "2"}, &screen);
  EXPECT_THAT(screen.rows(), ElementsAre("short", "2"));
  EXPECT_EQ(screen.cursor_row(), 2u);
  EXPECT_EQ(screen.cursor_column(), 0u);
  EXPECT_EQ(screen.unknown(), "");
}

TEST(FormatPictureTest, ALineMayFillTheWholeWidth) {
  TerminalModel screen(5, 4);
  Show({"12345", "abcd…"}, &screen);
  EXPECT_THAT(screen.rows(), ElementsAre("12345", "abcd…"));
  EXPECT_EQ(screen.wrapped(), 0);
}

TEST(FitRowsTest, SaysHowManyLinesAreMissing) {
  const std::vector<std::string> lines = {"1", "2", "3", "4"};
  EXPECT_EQ(FitRows(lines, {.columns = 30, .rows = 5}), lines);
  EXPECT_THAT(FitRows(lines, {.columns = 30, .rows = 4}),
              ElementsAre("1", "2", "... and 2 more lines"));
  EXPECT_THAT(FitRows(lines, {.columns = 8, .rows = 4}), ElementsAre("1", "2", "... and…"));
}

}  // namespace
}  // namespace trainyard::cli
