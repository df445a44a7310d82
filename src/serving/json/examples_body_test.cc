#include "serving/json/examples_body.h"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>
#include <vector>

#include "base/wire.h"

namespace trainyard::serving {
namespace {

// An Example in words: "name=int64 7,8; name=float 0.5; name=bytes a,b; name=none".
std::string Describe(const std::string& serialized) {
  std::string text;
  WireReader example(serialized);
  while (example.Next()) {
    WireReader features(example.bytes());
    while (features.Next()) {
      std::string name;
      std::string values = "none";
      WireReader entry(features.bytes());
      while (entry.Next()) {
        if (entry.field() == 1) name = entry.bytes();
        if (entry.field() != 2) continue;
        WireReader feature(entry.bytes());
        if (!feature.Next()) continue;
        const int kind = feature.field();
        values = kind == 1 ? "bytes " : kind == 2 ? "float " : "int64 ";
        WireReader list(feature.bytes());
        while (list.Next()) {
          if (kind == 1) {
            values += std::string(list.bytes()) + ",";
            continue;
          }
          std::string_view packed = list.bytes();
          while (!packed.empty() && kind == 2) {
            float value = 0;
            std::memcpy(&value, packed.data(), sizeof value);
            packed.remove_prefix(sizeof value);
            values += fmt::format("{},", value);
          }
          while (!packed.empty()) {
            uint64_t value = 0;
            for (int shift = 0;; shift += 7) {
              const auto byte = static_cast<unsigned char>(packed.front());
              packed.remove_prefix(1);
              value |= uint64_t{byte & 0x7fu} << shift;
              if (byte < 0x80) break;
            }
            values += fmt::format("{},", static_cast<int64_t>(value));
          }
        }
      }
      text += name + "=" + values + "; ";
    }
  }
  EXPECT_TRUE(example.ok());
  return text;
}

TEST(ExamplesBodyTest, ReadsFeaturesOfEveryKind) {
  const auto body = ReadExamplesBody(R"({
      "examples": [{"i": 7, "list": [1, -1, true, false], "f": [0.5, 1e3, NaN],
                    "s": "a", "b": ["x", {"b64": "eXo="}], "e": []}, {}],
      "context": {"c": -9223372036854775808}, "signature_name": "s", "more": [1]})");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(body->signature_name, "s");
  ASSERT_EQ(body->examples.size(), 2u);
  EXPECT_EQ(Describe(body->examples[0]),
            "i=int64 7,; list=int64 1,-1,1,0,; f=float 0.5,1000,nan,; s=bytes a,; b=bytes x,yz,; "
            "e=none; ");
  EXPECT_EQ(Describe(body->examples[1]), "");
  EXPECT_EQ(Describe(body->context), "c=int64 -9223372036854775808,; ");
}

TEST(ExamplesBodyTest, RefusesInTheKnownWords) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"", "JSON Parse error: The document is empty"},
      {"1", "JSON Value: 1 Is not object"},
      {"{}",
       "JSON Value: {} When method is classify, key 'examples' is expected and was not found"},
      {R"({"examples": 1})",
       "JSON Value: {\n    \"examples\": 1\n} Expecting 'examples' value to be an list/array"},
      {R"({"examples": []})",
       "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array"},
      {R"({"examples": [1]})", "Example must be JSON object but got JSON Number"},
      {R"({"examples": [{}], "context": []})", "Example must be JSON object but got JSON Array"},
      {R"({"examples": [{}], "signature_name": 1})",
       "JSON Value: {\n    \"examples\": [\n        {}\n    ],\n    \"signature_name\": 1\n} not "
       "formatted correctly. 'signature_name' key must be a string value."},
      {R"({"examples": [{"a": null}]})", "Feature: a has element with unexpected JSON type: Null"},
      {R"({"examples": [{"a": [[1]]}]})",
       "Feature: a has element with unexpected JSON type: Array"},
      {R"({"examples": [{"a": {"x": 1}}]})",
       "Feature: a has element with unexpected JSON type: Object"},
      {R"({"examples": [{"a": [1, 1.5]}]})",
       "Unexpected element type in feature: a expecting type: int64"},
      {R"({"examples": [{"a": [1.5, "x"]}]})",
       "Unexpected element type in feature: a expecting type: float"},
      {R"({"examples": [{"a": ["x", true]}]})",
       "Unexpected element type in feature: a expecting type: bytes"},
      {R"({"examples": [{"a": 18446744073709551615}]})",
       "Feature: a has uint64_t element. Only int64_t is supported."},
      {R"({"examples": [{"a": {"b64": "*"}}]})", "Unable to base64 decode"},
      {R"({"examples": [1], x})",
       "JSON Parse error: Missing a name for object member. at offset: 18"},
  };
  for (const auto& [json, text] : cases) {
    const auto body = ReadExamplesBody(json);
    ASSERT_FALSE(body.ok()) << json;
    EXPECT_EQ(body.error().message(), text) << json;
    EXPECT_EQ(body.error().code(), StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace trainyard::serving
