#include "spec/objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "spec/base64.h"

namespace trainyard::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Objects Read(std::string_view text) {
  Objects objects;
  const Status status = AddObjects(text, "o.yaml", &objects);
  EXPECT_TRUE(status.ok()) << status;
  return objects;
}

std::string Problem(std::string_view text) {
  Objects objects;
  const Status status = AddObjects(text, "o.yaml", &objects);
  EXPECT_FALSE(status.ok()) << text;
  EXPECT_EQ(status.message().find('\n'), std::string::npos);
  return status.message();
}

TEST(AddObjectsTest, ReadsAConfigMapsTextAndBytes) {
  const Objects objects = Read(R"(apiVersion: v1
kind: ConfigMap
metadata: {name: settings.v1, namespace: team}
immutable: true
data:
  train.ini: |
    steps=3
  empty:
binaryData: {raw: AAH/})");
  EXPECT_THAT(objects.config_maps.at("settings.v1"),
              ElementsAre(Pair("empty", ""), Pair("raw", std::string("\0\1\xff", 3)),
                          Pair("train.ini", "steps=3\n")));
  EXPECT_TRUE(objects.secrets.empty());
}

TEST(AddObjectsTest, ASecretsStringDataGoesBeforeItsData) {
  const Objects objects = Read(R"({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
    "metadata": {"name": "login"}, "data": {"user": "YW5u", "word": "b2xk"},
    "stringData": {"word": "new"}})");
  EXPECT_THAT(objects.secrets.at("login"), ElementsAre(Pair("user", "ann"), Pair("word", "new")));
}

TEST(AddObjectsTest, FindsObjectsInListsAndPassesOverOtherKinds) {
  const Objects objects = Read(R"(apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: "1"}}
- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Secret, metadata: {name: s}}]}
- {apiVersion: apps/v1, kind: Deployment, whatever: [1]}
---
---
apiVersion: vault.example/v1
kind: Secret
spec: {of: another group})");
  EXPECT_EQ(objects.config_maps.at("a").at("x"), "1");
  EXPECT_TRUE(objects.secrets.at("s").empty());
  EXPECT_EQ(objects.secrets.size(), 1u);
}

TEST(AddObjectsTest, ANameThatIsThereKeepsItsValues) {
  Objects objects = Read("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: old}}");
  ASSERT_TRUE(AddObjects("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: new}}",
                         "more.yaml", &objects)
                  .ok());
  EXPECT_EQ(objects.config_maps.at("a").at("x"), "old");
}

TEST(AddObjectsTest, SaysWhereAnObjectIsMalformed) {
  for (const auto& [rest, message] : std::initializer_list<std::array<std::string_view, 2>>{
           {"ConfigMap\ndata: {port: 80}",
            "o.yaml:3:14: data.port: expected a string, as in \"80\", found the number 80"},
           {"ConfigMap\ndata: [a]", "o.yaml:3:7: data: expected a map"},
           {"ConfigMap\ndata: {a/b: x}", "o.yaml:3:13: data.a/b: expected a key of letters"},
           {"ConfigMap\ndata: {..: x}", "does not start with \"..\""},
           {"ConfigMap\ndata: {a: x}\nbinaryData: {a: YQ==}", "stands under data, too"},
           {"ConfigMap\ndatta: {a: x}", "unknown field \"datta\"; did you mean \"data\"?"},
           {"ConfigMap\nimmutable: 3", "immutable: expected true or false"},
           {"Secret\ndata: {a: 'no base64!'}",
            "o.yaml:3:11: data.a: expected base64; plain text belongs under stringData"},
           {"Secret\nstringData: {a: {b: c}}", "stringData.a: expected a string, found a map"}}) {
    const std::string text = fmt::format("metadata: {{name: x}}\nkind: {}\napiVersion: v1\n", rest);
    EXPECT_THAT(Problem(text), HasSubstr(message)) << text;
  }
  EXPECT_THAT(Problem("{apiVersion: v1, kind: Secret}"),
              HasSubstr("o.yaml:1:1: metadata.name: expected the Secret's name"));
  EXPECT_THAT(Problem("{apiVersion: v1, kind: Secret, metadata: {name: ../up}}"),
              HasSubstr("found \"../up\""));
  EXPECT_THAT(Problem("words"), HasSubstr("o.yaml:1:1: expected a Kubernetes object"));
}

TEST(DecodeBase64Test, ReadsPaddedTextOnly) {
  EXPECT_EQ(DecodeBase64(""), "");
  EXPECT_EQ(DecodeBase64("Zg=="), "f");
  EXPECT_EQ(DecodeBase64("Zm8="), "fo");
  EXPECT_EQ(DecodeBase64("Zm9v\nYmFy\r\n"), "foobar");
  EXPECT_EQ(DecodeBase64("+/+/"), "\xfb\xff\xbf");
  for (const std::string_view bad :
       {"Zg", "Zg=", "Zg===", "Z===", "====", "Z=g=", "Zg==Zg==", "Zm9*", "Zm9v ", "-_-_"}) {
    EXPECT_EQ(DecodeBase64(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace trainyard::spec
