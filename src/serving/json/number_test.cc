#include "serving/json/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>

namespace trainyard::serving {
namespace {

JsonNumber Scan(const std::string& text, NumberError expected = NumberError::kNone) {
  JsonNumber number;
  EXPECT_EQ(ScanNumber(text.c_str(), text.c_str() + text.size(), &number), expected) << text;
  // Views of the text would dangle; the tests use offsets.
  number.end = nullptr;
  return number;
}

double Value(const std::string& text) {
  JsonNumber number;
  EXPECT_EQ(ScanNumber(text.c_str(), text.c_str() + text.size(), &number), NumberError::kNone);
  EXPECT_EQ(number.end, text.c_str() + text.size()) << text;
  return ToDouble(number);
}

TEST(JsonNumberTest, IsTheNearestDouble) {
  for (const char* text : {"0",
                           "-0.0",
                           "1",
                           "-1",
                           "0.1",
                           "0.3",
                           "123456789.125",
                           "1e22",
                           "1e23",
                           "1E-7",
                           "1e+2",
                           "9007199254740993",
                           "9007199254740993.0",
                           "0.012345679104328156",
                           "0.0012345679104328156",
                           "2.2250738585072011e-308",
                           "5e-324",
                           "2e-324",
                           "1e-400",
                           "1.7976931348623157e308",
                           "8.5899345930e9",
                           "0.500000000000000166533453693773481063544750213623046875",
                           "18446744073709551615",
                           "18446744073709551616",
                           "123456789012345678901234567890",
                           "179769313486231580793e289",
                           "7.2057594037927933e16",
                           "1e-27",
                           "123456789e-27"}) {
    EXPECT_EQ(Value(text), std::strtod(text, nullptr)) << text;
  }
}

// Of every length and size, also beyond what the short cuts can do.
TEST(JsonNumberTest, AgreesWithTheCLibraryOnAnyNumber) {
  std::mt19937_64 random(7);
  char text[64];
  for (int i = 0; i < 200'000; ++i) {
    const auto bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (i % 2 == 0) value = static_cast<double>(bits >> 11) * 0x1p-53;
    if (!std::isfinite(value)) continue;
    const int digits = 1 + static_cast<int>(bits % 20);
    std::snprintf(text, sizeof text, i % 3 == 0 ? "%.*e" : "%.*g", digits, value);
    ASSERT_EQ(Value(text), std::strtod(text, nullptr)) << text;
  }
}

TEST(JsonNumberTest, TooLargeIsInfinityAndTooSmallIsZero) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Value("1e309"), infinity);
  EXPECT_EQ(Value("-1e999999999999"), -infinity);
  EXPECT_EQ(Value(std::string(400, '9')), infinity);
  EXPECT_EQ(Value("1e-999999999999"), 0);
  EXPECT_EQ(Value("0." + std::string(400, '0') + "12345678901234567890123"), 0);
}

TEST(JsonNumberTest, KnowsIntegersAndTheirRange) {
  EXPECT_EQ(Scan("9223372036854775807").AsInt64(), std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(Scan("9223372036854775807").FitsInt64());
  EXPECT_FALSE(Scan("9223372036854775808").FitsInt64());
  EXPECT_EQ(Scan("-9223372036854775808").AsInt64(), std::numeric_limits<int64_t>::min());
  EXPECT_TRUE(Scan("-9223372036854775808").FitsInt64());
  EXPECT_FALSE(Scan("-9223372036854775809").FitsInt64());
  EXPECT_EQ(Scan("18446744073709551615").digits, std::numeric_limits<uint64_t>::max());
  EXPECT_TRUE(Scan("18446744073709551615").FitsUint64());
  EXPECT_FALSE(Scan("18446744073709551616").FitsUint64());
  EXPECT_FALSE(Scan("100000000000000000000000").FitsUint64());
  EXPECT_FALSE(Scan("-1").FitsUint64());
  EXPECT_FALSE(Scan("1.0").FitsInt64());
  EXPECT_FALSE(Scan("1e2").FitsInt64());
}

TEST(JsonNumberTest, ReadsNanAndInfinity) {
  EXPECT_TRUE(std::isnan(Value("NaN")));
  EXPECT_EQ(Value("Infinity"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(Value("-Inf"), -std::numeric_limits<double>::infinity());
}

TEST(JsonNumberTest, RefusesWhatIsNone) {
  for (const char* text : {"", "-", "+1", ".5", "x", "Na", "-I", "Infinit"}) {
    Scan(text, NumberError::kInvalidValue);
  }
  Scan("1.", NumberError::kMissingFraction);
  Scan("1.e5", NumberError::kMissingFraction);
  Scan("1e", NumberError::kMissingExponent);
  Scan("1e+", NumberError::kMissingExponent);
}

}  // namespace
}  // namespace trainyard::serving
