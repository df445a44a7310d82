#include "cli/predict_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace trainyard::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Prediction Example() {
  return {.file = "4.png",
          .model = "digits",
          .version = 3,
          .signature = "predict",
          .image = {4, 2, {0, 1, 1, 0, 0, 1, 1, 0}},
          .notes = {"resized"},
          .answer = {.label = "1", .index = 1, .probabilities = {0.25, 0.75}}};
}

TEST(FormatForPeopleTest, ShowsAnswerNotesPictureAndBars) {
  EXPECT_EQ(FormatForPeople(Example(), DrawStyle::kPlain, 80),
            "4.png is a 1, probability 75.0 %  (model digits version 3, signature predict)\n"
            "  note: resized\n"
            "\n"
            " @@       0  25.0 % ########\n"
            "       >  1  75.0 % #######################\n");
}

TEST(FormatForPeopleTest, LeavesOutWhatHasNoRoom) {
  EXPECT_THAT(FormatForPeople(Example(), DrawStyle::kPlain, 20), Not(HasSubstr("25.0 %")));
}

TEST(FormatForPeopleTest, LetsNoControlCharacterFromTheServerThrough) {
  Prediction prediction = Example();
  prediction.answer.label = "\x1b[31mred";
  EXPECT_THAT(FormatForPeople(prediction, DrawStyle::kPlain, 80), HasSubstr("is a ?[31mred"));
}

TEST(FormatAsJsonTest, IsOneLineOfJson) {
  const std::string line = FormatAsJson(Example());
  EXPECT_THAT(line, Not(HasSubstr("\n")));
  const auto json = nlohmann::json::parse(line, nullptr, false);
  EXPECT_EQ(json["class"], 1);
  EXPECT_EQ(json["probability"], 0.75);
  EXPECT_EQ(json["probabilities"].size(), 2u);
  EXPECT_EQ(json["notes"][0], "resized");
}

TEST(FormatAsJsonTest, KeepsWordsAndMissingProbabilities) {
  Prediction prediction = Example();
  prediction.answer = {.label = "c\xff", .index = -1, .probabilities = {}};
  const auto json = nlohmann::json::parse(FormatAsJson(prediction), nullptr, false);
  EXPECT_TRUE(json["class"].is_string());
  EXPECT_TRUE(json["probability"].is_null());
}

}  // namespace
}  // namespace trainyard::cli
