#include "serving/json/float_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>

namespace trainyard::serving {
namespace {

std::string Text(float value) {
  char text[kMaxFloatText];
  return {text, WriteFloat(value, text)};
}

std::string Text(double value) {
  char text[kMaxFloatText];
  return {text, WriteDouble(value, text)};
}

// The rule, by the C library.
template <class T>
std::string Expected(T value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%g", value);
  const T back = sizeof(T) == 4 ? static_cast<T>(std::strtof(text, nullptr))
                                : static_cast<T>(std::strtod(text, nullptr));
  if (back != value) std::snprintf(text, sizeof text, "%.*g", digits, value);
  if (std::strpbrk(text, ".e") == nullptr) return std::string(text) + ".0";
  return text;
}

TEST(FloatTextTest, ExactText) {
  EXPECT_EQ(Text(2.5f), "2.5");
  EXPECT_EQ(Text(3.0f), "3.0");
  EXPECT_EQ(Text(0.0f), "0.0");
  EXPECT_EQ(Text(-0.0f), "-0.0");
  EXPECT_EQ(Text(0.1f), "0.1");
  EXPECT_EQ(Text(1.0f / 3), "0.333333343");
  EXPECT_EQ(Text(9000000.0f), "9e+06");
  EXPECT_EQ(Text(9000001.0f), "9000001.0");
  EXPECT_EQ(Text(0.00003f), "3e-05");
  EXPECT_EQ(Text(1e-4f), "0.0001");
  EXPECT_EQ(Text(16777216.0f), "16777216.0");
  EXPECT_EQ(Text(1e20f), "1e+20");
  EXPECT_EQ(Text(std::numeric_limits<float>::max()), "3.40282347e+38");
  EXPECT_EQ(Text(std::numeric_limits<float>::denorm_min()), "1.4013e-45");
  EXPECT_EQ(Text(0.1), "0.1");
  EXPECT_EQ(Text(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(Text(1e300), "1e+300");
  EXPECT_EQ(Text(std::nanf("")), "NaN");
  EXPECT_EQ(Text(std::numeric_limits<float>::infinity()), "Infinity");
  EXPECT_EQ(Text(-std::numeric_limits<double>::infinity()), "-Infinity");
}

TEST(FloatTextTest, AgreesWithTheCLibraryOnAnyFloat) {
  std::mt19937 random(3);
  for (int i = 0; i < 300'000; ++i) {
    const auto bits = static_cast<uint32_t>(random());
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (i % 4 == 1) value = static_cast<float>(bits % 2'000'000) / 1000.0f;
    if (i % 4 == 2) value = static_cast<float>(bits) * 0x1p-32f;
    if (i % 4 == 3)
      value = std::ldexp(static_cast<float>(bits % 100'000), -static_cast<int>(i % 60));
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(Text(value), Expected(value, 9)) << std::hexfloat << value;
  }
}

TEST(FloatTextTest, AgreesWithTheCLibraryOnAnyDouble) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 50'000; ++i) {
    const uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (i % 2 == 0) value = static_cast<double>(bits % 2'000'000) / 1000.0;
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(Text(value), Expected(value, 17)) << std::hexfloat << value;
  }
}

}  // namespace
}  // namespace trainyard::serving
