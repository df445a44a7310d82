#include "kube/internal/json_text.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "kube/fields.h"

namespace trainyard::kube::internal {
namespace {

TEST(FindMemberTest, FindsTheTextOfAValue) {
  const char* text = R"( {"a": 1, "b\"c": "x}\\", "d": {"a": [1, {"e": "]"}]}, "f":null} )";
  EXPECT_EQ(FindMember(text, "a"), "1");
  EXPECT_EQ(FindMember(text, "b\\\"c"), R"("x}\\")");
  EXPECT_EQ(FindMember(text, "d"), R"({"a": [1, {"e": "]"}]})");
  EXPECT_EQ(FindMember(text, "f"), "null");
  EXPECT_EQ(FindMember(text, "e"), "");
  EXPECT_EQ(FindMember("[1]", "a"), "");
  EXPECT_EQ(FindMember("", "a"), "");
  EXPECT_EQ(FindMember("{}", "a"), "");
}

TEST(ParseWatchEventTest, TakesEventsApart) {
  const auto event = ParseWatchEvent(R"({"type":"ADDED","object":{"a":"}"}})");
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(event->type, "ADDED");
  EXPECT_EQ(event->object, R"({"a":"}"})");
  EXPECT_TRUE(ParseWatchEvent(R"({"object": {}, "type": "DELETED"})").ok());
}

TEST(ParseWatchEventTest, RefusesEverythingElse) {
  for (const char* line :
       {"", "{", "}", "null", "[]", "\"", "{\"type\"", "{\"type\":", "{\"type\":\"ADDED\"}",
        "{\"type\":\"ADDED\",\"object\":null}", "{\"type\":1,\"object\":{}}",
        "{\"type\":\"\",\"object\":{}}", "{\"type\":\"ADDED\",\"object\":{}", "{,}", "{\"a\\",
        "{\"type\":\"ADDED\",\"object\":{}} x", "\xff\xfe",
        "{\"type\":\"A\",\"object\":{\"a\":\"}"}) {
    EXPECT_EQ(ParseWatchEvent(line).status().code(), StatusCode::kInvalidArgument) << line;
  }
}

TEST(SplitListTest, GivesEachItemAndWhereTheListEnds) {
  std::vector<std::string> items;
  const auto keep = [&](std::string_view item) {
    items.emplace_back(item);
    return OkStatus();
  };
  const auto end = SplitList(
      R"({"kind":"PodList","metadata":{"resourceVersion":"42","continue":"ab=="},
          "items":[{"a":1}, {"b":"],"}]})",
      keep);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->version, 42u);
  EXPECT_EQ(end->next, "ab==");
  EXPECT_EQ(items, (std::vector<std::string>{R"({"a":1})", R"({"b":"],"})"}));

  // As custom resources come: metadata last. And the empty lists.
  EXPECT_EQ(SplitList(R"({"items":[],"metadata":{"resourceVersion":"7"}})", keep)->version, 7u);
  EXPECT_EQ(SplitList(R"({"items":null,"metadata":{"resourceVersion":"7"}})", keep)->next, "");
}

TEST(SplitListTest, RefusesWhatIsNoListAndHandsOnFailures) {
  const auto ignore = [](std::string_view) { return OkStatus(); };
  for (const char* text :
       {"", "{}", "[]", "{\"items\":[]}", R"({"items":[{],"metadata":{"resourceVersion":"1"}})",
        R"({"items":[{} {}],"metadata":{"resourceVersion":"1"}})",
        R"({"metadata":{"resourceVersion":"x1"},"items":[]})",
        R"({"metadata":{"resourceVersion":"1"},"items":[{"a":1})"}) {
    EXPECT_FALSE(SplitList(text, ignore).ok()) << text;
  }
  const auto fail = [](std::string_view) { return NotFoundError("no"); };
  EXPECT_EQ(SplitList(R"({"metadata":{"resourceVersion":"1"},"items":[1]})", fail).status(),
            NotFoundError("no"));
}

// Text that was damaged anywhere is refused or read as something: nothing reads past its end.
TEST(JsonTextTest, SurvivesDamagedText) {
  const std::string event =
      R"({"type":"MODIFIED","object":{"metadata":{"name":"a\"b","managedFields":[{"x":[]}],)"
      R"("resourceVersion":"12"},"spec":{"list":[1,2.5,true,null,"\u00e4\\"]}}})";
  const std::string list = R"({"metadata":{"resourceVersion":"1"},"items":[)" + event + "]}";
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = round % 2 == 0 ? event : list;
    for (unsigned changes = random() % 4; changes > 0; --changes) {
      const size_t at = random() % text.size();
      if (random() % 3 == 0) {
        text.resize(at + 1);
      } else {
        text[at] =
            static_cast<char>(random() % 3 == 0 ? random() % 256 : "{}[]\",:\\"[random() % 8]);
      }
    }
    // On the heap and of the exact size, so that a sanitizer sees every step too far.
    const std::vector<char> exact(text.begin(), text.end());
    const std::string_view view(exact.data(), exact.size());
    if (const auto parsed = ParseWatchEvent(view); parsed.ok()) {
      (void)ParseObject("x", parsed->object);
    }
    (void)SplitList(view, [](std::string_view item) { return ParseObject("x", item).status(); });
    (void)ParseObject("x", view);
  }
}

TEST(JsonTextTest, DeepNestingIsRefused) {
  const std::string deep(200'000, '[');
  EXPECT_FALSE(ParseWatchEvent(R"({"type":"ADDED","object":{"a":)" + deep).ok());
  const std::string closed = R"({"a":)" + std::string(200, '[') + std::string(200, ']') + "}";
  EXPECT_FALSE(ParseObject("x", closed).ok());
}

}  // namespace
}  // namespace trainyard::kube::internal
