#include "spec/quantity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trainyard::spec {
namespace {

using testing::HasSubstr;

TEST(ParseQuantityTest, ReadsEverySuffix) {
  for (const auto& [text, amount] :
       std::initializer_list<std::pair<std::string_view, double>>{{"0", 0},
                                                                  {"2", 2},
                                                                  {"+2", 2},
                                                                  {"-2", -2},
                                                                  {"1.5", 1.5},
                                                                  {".5", 0.5},
                                                                  {"5.", 5},
                                                                  {"007", 7},
                                                                  {"500m", 0.5},
                                                                  {"100m", 0.1},
                                                                  {"250u", 0.00025},
                                                                  {"1n", 1e-9},
                                                                  {"1k", 1e3},
                                                                  {"500M", 5e8},
                                                                  {"1G", 1e9},
                                                                  {"2T", 2e12},
                                                                  {"3P", 3e15},
                                                                  {"1E", 1e18},
                                                                  {"1e3", 1e3},
                                                                  {"1E3", 1e3},
                                                                  {"12e+2", 1200},
                                                                  {"5e-1", 0.5},
                                                                  {"1Ki", 1024},
                                                                  {"64Mi", 67108864},
                                                                  {"1Gi", 1073741824},
                                                                  {"1.5Gi", 1610612736},
                                                                  {"1Ti", 1099511627776},
                                                                  {"1Pi", 1125899906842624},
                                                                  {"1Ei", 1152921504606846976}}) {
    EXPECT_EQ(ParseQuantity(text), amount) << text;
  }
}

TEST(ParseQuantityTest, RefusesEverythingElse) {
  for (const std::string_view text :
       {"",     "-",     "+",    ".",   "1..2", "1.2.3", "two",   "Gi",  "1gi",
        "1K",   "1KB",   "1 Gi", " 1",  "1 ",   "1Gi ",  "--1",   "1e",  "e3",
        "1e3m", "1e1.5", "0x10", "inf", "nan",  ".inf",  "1e400", "1,5", "1e99999999999"}) {
    EXPECT_EQ(ParseQuantity(text), std::nullopt) << text;
  }
}

TEST(ReadQuantityTest, TakesNumbersAndTextThatAreNotNegative) {
  const auto documents = ParseYaml("[2, 1.5, '3', 1Gi, -1, yes, ~, [1], word]", "f");
  ASSERT_TRUE(documents.ok());
  const std::vector<Node>& items = documents->front().items;
  const Reader reader("f");
  for (const auto& [i, amount] : {std::pair{0, 2.0}, {1, 1.5}, {2, 3.0}, {3, 1073741824.0}}) {
    const auto read = ReadQuantity(reader, items[static_cast<size_t>(i)], "x");
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, amount);
  }
  for (size_t i = 4; i < items.size(); ++i) {
    EXPECT_THAT(ReadQuantity(reader, items[i], "limits.cpu").status().message(),
                HasSubstr("limits.cpu: expected an amount >= 0, such as 2, 500m or 1Gi, found"))
        << i;
  }
}

}  // namespace
}  // namespace trainyard::spec
