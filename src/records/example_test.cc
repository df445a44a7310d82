#include "records/example.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace trainyard::records {
namespace {

using ::testing::HasSubstr;

Example Sample() {
  Example example;
  example["floats"] = std::vector<float>{1.5f, -2.0f};
  example["ints"] = std::vector<int64_t>{0, 300, -1, INT64_MIN, INT64_MAX};
  example["text"] = std::vector<std::string>{"", std::string("a\0b", 3)};
  return example;
}

TEST(ExampleTest, WhatIsFormattedIsParsedBack) {
  Example example = Sample();
  example["no values"] = std::vector<float>();
  example["no kind"] = std::monostate();
  EXPECT_EQ(ParseExample(FormatExample(example)).value(), example);
  EXPECT_EQ(ParseExample(FormatExample({})).value(), Example());
}

TEST(ExampleTest, HasTheBytesThatPythonsTensorFlowWrites) {
  Example example;
  example["i"] = std::vector<int64_t>{1, 300};
  // tf.train.Example(features=tf.train.Features(feature={'i': tf.train.Feature(
  //     int64_list=tf.train.Int64List(value=[1, 300]))})).SerializeToString()
  EXPECT_EQ(FormatExample(example),
            std::string("\x0a\x0e\x0a\x0c\x0a\x01i\x12\x07\x1a\x05\x0a\x03\x01\xac\x02", 16));
}

TEST(ExampleTest, TakesUnpackedNumbers) {
  // Feature "i": an Int64List with value 1 and value 2 as fields of their own.
  const std::string integers("\x0a\x0d\x0a\x0b\x0a\x01i\x12\x06\x1a\x04\x08\x01\x08\x02", 15);
  EXPECT_EQ(ParseExample(integers).value().at("i"), FeatureValues(std::vector<int64_t>{1, 2}));
  const std::string floats("\x0a\x0e\x0a\x0c\x0a\x01i\x12\x07\x12\x05\x0d\0\0\x80\x3f", 16);
  EXPECT_EQ(ParseExample(floats).value().at("i"), FeatureValues(std::vector<float>{1.0f}));
}

TEST(ExampleTest, DamageIsNamed) {
  const std::string bytes = FormatExample({{"i", std::vector<int64_t>{300}}});
  std::string damaged = bytes;
  damaged.back() = '\x82';  // the number does not end
  EXPECT_THAT(ParseExample(damaged).status().message(), HasSubstr("feature \"i\" is damaged"));
  EXPECT_EQ(ParseExample("\xff\xff").status().code(), StatusCode::kDataLoss);
}

TEST(ExampleTest, NoBytesMakeItCrash) {
  const std::string bytes = FormatExample(Sample());
  for (size_t length = 1; length < bytes.size(); ++length) {
    EXPECT_FALSE(ParseExample(bytes.substr(0, length)).ok()) << length;
  }
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string damaged = bytes;
    for (int k = 0; k < 3; ++k) damaged[random() % bytes.size()] = static_cast<char>(random());
    (void)ParseExample(damaged).ok();
  }
}

}  // namespace
}  // namespace trainyard::records
