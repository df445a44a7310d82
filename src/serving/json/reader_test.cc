#include "serving/json/reader.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "serving/json/escape.h"
#include "serving/json/quote.h"

namespace trainyard::serving {
namespace {

std::string ErrorOf(const std::string& text) {
  JsonReader reader(text);
  reader.Skip();
  return reader.error().message();
}

TEST(JsonReaderTest, AcceptsWhatIsJson) {
  for (const char* text :
       {"0", "-1.5e3", "true", "null", "\"\"", "[]", "{}",
        "[1, [2, {\"a\": [], \"b\": {}}], \"x\"]", " \t\r\n[1]", "{\"a\":1,\"a\":2}",
        "[NaN, Infinity, -Inf]", "\xEF\xBB\xBF[1]", "[1] and what follows",
        "\"\\u00e9\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\xff\xfe\""}) {
    EXPECT_EQ(ErrorOf(text), "") << text;
  }
}

// RapidJSON's texts and offsets, which clients see.
TEST(JsonReaderTest, SaysWhatIsWrongAndWhere) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"", "The document is empty"},
      {"  ", "The document is empty. at offset: 2"},
      {"x", "Invalid value. at offset: 0"},
      {"[1 2]", "Missing a comma or ] after an array element. at offset: 3"},
      {"[1,]", "Invalid value. at offset: 3"},
      {"[1", "Missing a comma or ] after an array element. at offset: 2"},
      {"[01]", "Missing a comma or ] after an array element. at offset: 2"},
      {"{1:2}", "Missing a name for object member. at offset: 1"},
      {"{\"a\" 2}", "Missing a colon after a name of object member. at offset: 5"},
      {"{\"a\":2", "Missing a comma or } after an object member. at offset: 6"},
      {"{\"a\":2,}", "Missing a name for object member. at offset: 7"},
      {"[1.]", "Miss fraction part in number. at offset: 3"},
      {"[1e]", "Miss exponent in number. at offset: 3"},
      {"[1e999]", "Number too big to be stored in double. at offset: 1"},
      {"trux", "Invalid value. at offset: 3"},
      {"\"abc", "Missing a closing quotation mark in string. at offset: 4"},
      {"\"a\\x\"", "Invalid escape character in string. at offset: 2"},
      {"\"\\u12g4\"", "Incorrect hex digit after \\u escape in string. at offset: 1"},
      {"\"\\ud800\"", "The surrogate pair in string is invalid. at offset: 1"},
      {"\"\\udc00\\ud800\"", "The surrogate pair in string is invalid. at offset: 1"},
      {"\"a\nb\"", "Invalid encoding in string. at offset: 2"},
  };
  for (const auto& [text, problem] : cases) {
    EXPECT_EQ(ErrorOf(text), std::string("JSON Parse error: ") + problem) << text;
  }
}

TEST(JsonReaderTest, NestingIsBounded) {
  EXPECT_EQ(ErrorOf(std::string(9'999, '[') + std::string(9'999, ']')), "");
  EXPECT_EQ(ErrorOf(std::string(1'000'000, '[')),
            "JSON Parse error: Lists and objects are nested too deeply. at offset: 10000");
}

TEST(JsonReaderTest, ResolvesEscapes) {
  const std::string text =
      R"("a\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t, long enough for eight at a time")";
  JsonReader reader(text);
  std::string_view value;
  ASSERT_TRUE(reader.ReadString(&value));
  EXPECT_EQ(value, "a\xC3\xA9\xF0\x9F\x98\x80\"\\/\b\f\n\r\t, long enough for eight at a time");
}

TEST(JsonReaderTest, WalksObjectsAndLists) {
  const std::string text = R"({"a": [1, 2], "b": {}, "c": []})";
  JsonReader reader(text);
  std::vector<std::string> seen;
  ASSERT_TRUE(reader.EnterObject());
  for (std::string_view key; reader.NextMember(&key);) {
    seen.emplace_back(key);
    if (!reader.EnterArray()) {
      ASSERT_TRUE(reader.Skip());
      continue;
    }
    while (reader.NextElement()) {
      JsonNumber number;
      ASSERT_TRUE(reader.ReadNumber(&number));
      seen.push_back(std::to_string(number.AsInt64()));
    }
  }
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "1", "2", "b", "c"}));
}

TEST(EscapeTest, QuotesAndUnquotes) {
  std::string out;
  AppendQuoted(std::string("a\"\\/\b\f\n\r\t\x01\x1f\x7f\xC3\xA9\0z", 16), &out);
  EXPECT_EQ(out, "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F\x7f\xC3\xA9\\u0000z\"");
}

TEST(Base64Test, BothWays) {
  for (const auto& [bytes, text] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {"a", "YQ=="},
                                                        {"ab", "YWI="},
                                                        {"abc", "YWJj"},
                                                        {"\xff\xfe\xfd\xfc", "//79/A=="}}) {
    std::string out;
    AppendBase64(bytes, &out);
    EXPECT_EQ(out, text);
    EXPECT_EQ(DecodeBase64(text), bytes);
  }
  EXPECT_EQ(DecodeBase64("YQ"), "a");       // without padding
  EXPECT_EQ(DecodeBase64("Y Q\n=="), "a");  // with blanks
  for (const char* text : {"Y", "YQ=", "YWJjZ", "Y*==", "=", "YQ==YQ=="}) {
    EXPECT_EQ(DecodeBase64(text), std::nullopt) << text;
  }
}

TEST(QuoteJsonTest, LaysOutAndCuts) {
  EXPECT_EQ(QuoteJson("1.5"), "1.5");
  EXPECT_EQ(QuoteJson(R"({"a":[1, 2],"b":"x, y"})"),
            "{\n    \"a\": [\n        1,\n        2\n    ],\n    \"b\": \"x, y\"\n}");
  EXPECT_EQ(QuoteJson("[ ]"), "[]");
  EXPECT_EQ(QuoteJson("\"" + std::string(1000, 'x') + "\"").size(), 256u);
  EXPECT_EQ(QuoteJson(std::string(1000, '[')).size(), 256u);
}

}  // namespace
}  // namespace trainyard::serving
