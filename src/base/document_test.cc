#include "base/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace trainyard {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Node Parse(std::string_view text) {
  auto documents = ParseYaml(text, "f.yaml");
  EXPECT_TRUE(documents.ok()) << documents.status();
  return documents.ok() && !documents->empty() ? documents->front() : Node();
}

std::string Problem(std::string_view text) {
  const auto documents = ParseYaml(text, "f.yaml");
  EXPECT_FALSE(documents.ok()) << text;
  return documents.status().message();
}

TEST(ParseYamlTest, KeepsTypesAndPlaces) {
  const Node root = Parse("a: 1\nb:\n  - 'x'\n  - yes\n  - 1.5\n  - ~\n  - 1.2.3\n");
  EXPECT_EQ(root.Find("a")->kind, Node::Kind::kInt);
  const Node* list = root.Find("b");
  ASSERT_TRUE(list->is_list());
  EXPECT_EQ(list->items[0].kind, Node::Kind::kString);
  EXPECT_EQ(list->items[1].kind, Node::Kind::kBool);
  EXPECT_EQ(list->items[2].kind, Node::Kind::kFloat);
  EXPECT_EQ(list->items[3].kind, Node::Kind::kNull);
  EXPECT_EQ(list->items[4].kind, Node::Kind::kString);
  EXPECT_EQ(list->items[0].line, 3);
  EXPECT_EQ(list->items[0].column, 5);
}

TEST(ParseYamlTest, ReadsJsonAnchorsAndMergeKeys) {
  EXPECT_EQ(Parse(R"({"a": {"b": [1, "2"]}})").Find("a")->Find("b")->items[1].text, "2");
  const Node root = Parse("x: &x {p: 1, q: 2}\ny: *x\nz:\n  <<: *x\n  q: 3\n");
  EXPECT_EQ(root.Find("y")->Find("p")->text, "1");
  EXPECT_EQ(root.Find("z")->Find("p")->text, "1");
  EXPECT_EQ(root.Find("z")->Find("q")->text, "3");
}

TEST(ParseYamlTest, SaysWhereTheMistakeIs) {
  EXPECT_THAT(Problem("a: 1\nb: [1\n"), StartsWith("f.yaml:3:1: this is not YAML: "));
  EXPECT_THAT(Problem("a: 1\na: 2\n"), StartsWith("f.yaml:2:1: \"a\" stands twice"));
  EXPECT_THAT(Problem("a:\n\t- b\n"), StartsWith("f.yaml:2:2: this is not YAML"));
}

TEST(ParseYamlTest, RefusesWhatWouldGrowWithoutBounds) {
  EXPECT_THAT(Problem(std::string(200'000, '[')), HasSubstr("f.yaml"));
  EXPECT_THAT(Problem(std::string(300, '[') + std::string(300, ']')), HasSubstr("64 levels"));
  EXPECT_THAT(Problem(std::string(2 << 20, 'x')), HasSubstr("too large"));
  EXPECT_THAT(Problem(std::string("a: \0b", 5)), HasSubstr("not a text file"));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    bomb +=
        fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  }
  EXPECT_THAT(Problem(bomb), HasSubstr("more than 100000 values"));
}

TEST(ParseYamlTest, EndsWithTextsThatKeepTheParserInPlace) {
  // Found by spec_fuzz: yaml-cpp's loader makes empty documents of these for ever.
  EXPECT_THAT(Problem(R"({"cker":{"2":"w:1"}},t":"cloud"})"), StartsWith("f.yaml:1:"));
  EXPECT_THAT(Problem("{a: b}}"), StartsWith("f.yaml:1:"));
  EXPECT_THAT(Problem("[1],2"), StartsWith("f.yaml:1:"));
}

TEST(ParseYamlTest, RefusesAnAliasOfItself) {
  EXPECT_THAT(Problem("&a [*a]"), HasSubstr("inside of what it refers to"));
  EXPECT_THAT(Problem("a: *b"), HasSubstr("f.yaml:1:4: this is not YAML"));
}

TEST(ParseYamlTest, ReadsEveryDocument) {
  const auto documents = ParseYaml("a: 1\n---\n---\nb: 2\n", "f.yaml");
  ASSERT_TRUE(documents.ok()) << documents.status();
  ASSERT_EQ(documents->size(), 3u);
  EXPECT_TRUE((*documents)[1].is_null());
  EXPECT_EQ((*documents)[2].Find("b")->text, "2");
}

TEST(ParseYamlTest, TextThatIsNotUtf8IsRefused) {
  for (const char* text : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xff",
                           "\xf4\x90\x80\x80", "\xc3\xa4\xe2\x82"}) {
    EXPECT_EQ(ParseYaml("a: 1\nb: [x, \"" + std::string(text) + "\"]", "f").status().message(),
              "f:2:8: this is not YAML: the text is not UTF-8");
  }
  for (const char* text : {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x9a\x82", "\xef\xbf\xbd"}) {
    EXPECT_EQ(ParseYaml(text, "f")->front().text, text);
  }
}

TEST(ParseYamlTest, WordsThatLookLikeNumbersStayWords) {
  for (const char* text : {"+-5", "+-.5", "nan(1)", "inf", "1x", "0x1f"}) {
    EXPECT_EQ(ParseYaml(text, "f")->front().kind, Node::Kind::kString) << text;
  }
}

TEST(ParseYamlTest, SurvivesRandomBytes) {
  const std::string whole =
      "apiVersion: kubeflow.org/v1\nkind: TFJob\nmetadata: {name: x, labels: {a: &a \"b\", c: "
      "*a}}\n"
      "spec:\n  list:\n  - |\n    text\n  - ? k\n    : v\n  - !!str 3\n---\nsecond: 'doc'\n";
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string broken = whole.substr(0, 1 + random() % whole.size());
    for (int i = 0; i < 2; ++i) broken[random() % broken.size()] = static_cast<char>(random());
    const auto documents = ParseYaml(broken, "f.yaml");  // any answer but a crash
    EXPECT_TRUE(documents.ok() || !documents.status().message().empty());
  }
}

}  // namespace
}  // namespace trainyard
