#include "tabular/make_clicks.h"

#include <gtest/gtest.h>

namespace tabular {
namespace {

TEST(MakeClicksTest, ASeedAndAStreamTellOneTable) {
  EXPECT_EQ(FormatCsv(MakeClicks(50, 0)), FormatCsv(MakeClicks(50, 0)));
  EXPECT_NE(FormatCsv(MakeClicks(50, 0)), FormatCsv(MakeClicks(50, 1)));
  EXPECT_NE(FormatCsv(MakeClicks(50, 0)), FormatCsv(MakeClicks(50, 0, {.seed = 2})));
}

TEST(MakeClicksTest, RowsAreAsDescribed) {
  const std::vector<Click> clicks = {{.user = 17, .film = 203, .hour = 21.517f, .clicked = true}};
  EXPECT_EQ(FormatCsv(clicks), "user,film,hour,clicked\nu0017,f203,21.52,1\n");
}

TEST(MakeClicksTest, TheBestAucIsThatOfTheTrueProbabilities) {
  EXPECT_DOUBLE_EQ(BestAuc({{.probability = 0.1, .clicked = false},
                            {.probability = 0.3, .clicked = true},
                            {.probability = 0.6, .clicked = false},
                            {.probability = 0.9, .clicked = true}}),
                   0.75);
  // What the README says of the table that the program makes to test on.
  EXPECT_NEAR(BestAuc(MakeClicks(50000, 1)), 0.8581, 0.0005);
}

}  // namespace
}  // namespace tabular
