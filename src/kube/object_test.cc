#include "kube/object.h"

#include <gtest/gtest.h>

#include "kube/api.h"

namespace trainyard::kube {
namespace {

TEST(ObjectTest, WhatIsAbsentOrOfAnotherTypeReadsAsEmpty) {
  const Json object = Json::parse(R"({"metadata": {"name": "a", "labels": {"k": 1}}, "n": 3})");
  EXPECT_EQ(Name(object), "a");
  EXPECT_EQ(Namespace(object), "");
  EXPECT_EQ(Label(object, "k"), "");
  EXPECT_EQ(GetInt(object, {"n"}), 3);
  EXPECT_EQ(GetInt(object, {"metadata", "name"}, 7), 7);
  EXPECT_TRUE(GetList(object, {"n", "x"}).empty());
  EXPECT_EQ(Find(object, {"metadata", "name", "deeper"}), nullptr);
}

TEST(ObjectTest, OnlyTheControllingOwnerCounts) {
  const Json object = Json::parse(
      R"({"metadata": {"ownerReferences": [{"uid": "a"}, {"uid": "b", "controller": true}]}})");
  EXPECT_EQ(ControllerUid(object), "b");
  EXPECT_EQ(ControllerUid(Json::object()), "");
}

TEST(TimeTest, SurvivesTheRoundTrip) {
  for (const char* text :
       {"1970-01-01T00:00:00Z", "2026-11-25T21:00:03Z", "2024-02-29T23:59:59Z"}) {
    const auto time = ParseTime(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(FormatTime(*time), text);
  }
  const auto micro = ParseTime("2026-11-25T21:00:03.001200Z");
  ASSERT_TRUE(micro);
  EXPECT_EQ(FormatMicroTime(*micro), "2026-11-25T21:00:03.001200Z");
  EXPECT_EQ(FormatTime(*micro), "2026-11-25T21:00:03Z");
}

TEST(TimeTest, ZonesAndFractionsOfAnyLengthAreTaken) {
  EXPECT_EQ(ParseTime("2026-11-25T21:00:03+01:00"), ParseTime("2026-11-25T20:00:03Z"));
  EXPECT_EQ(ParseTime("2026-11-25T21:00:03.5Z"), ParseTime("2026-11-25T21:00:03.500000999Z"));
}

TEST(TimeTest, OtherTextIsNoTime) {
  for (const char* text :
       {"", "now", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-25 21:00:03Z",
        "2026-11-25T21:00:03", "2026-11-25T24:00:00Z", "2026-11-25T21:00:03.Z",
        "2026-11-25T21:00:03Zx", "-026-11-25T21:00:03Z"}) {
    EXPECT_FALSE(ParseTime(text)) << text;
  }
}

TEST(ParseJsonTest, RefusesWhatNestsTooDeepOrIsNone) {
  EXPECT_TRUE(ParseJson("x", R"({"a": "[[[[\"{"})").ok());
  EXPECT_FALSE(ParseJson("x", std::string(100, '[')).ok());
  EXPECT_FALSE(ParseJson("x", "{").ok());
  EXPECT_FALSE(ParseJson("x", "").ok());
}

TEST(MergePatchTest, MakesOneOfTheOther) {
  const auto before = Json::parse(R"({"a": 1, "b": {"c": [1], "d": 2}, "e": {"f": 1}, "g": 5})");
  const auto after = Json::parse(R"({"a": 1, "b": {"c": [1, 2], "d": 2}, "e": 3, "h": {"i": 1}})");
  const Json patch = MergePatch(before, after);
  EXPECT_EQ(patch, Json::parse(R"({"b": {"c": [1, 2]}, "e": 3, "g": null, "h": {"i": 1}})"));
  Json made = before;
  made.merge_patch(patch);
  EXPECT_EQ(made, after);
  EXPECT_TRUE(MergePatch(after, after).empty());
}

TEST(PathTest, NamesGroupNamespaceAndPart) {
  const Resource jobs{.group = "kubeflow.org", .plural = "tfjobs"};
  EXPECT_EQ(Path(kPods, "", ""), "/api/v1/pods");
  EXPECT_EQ(Path(kPods, "team", "p", "log"), "/api/v1/namespaces/team/pods/p/log");
  EXPECT_EQ(Path(jobs, "team", "a/b", "status"),
            "/apis/kubeflow.org/v1/namespaces/team/tfjobs/a%2Fb/status");
  EXPECT_EQ(Path(kNodes, "team", "n"), "/api/v1/nodes/n");
}

TEST(ToStatusTest, TakesCodeAndTextOfTheServersAnswer) {
  const Status conflict = ToStatus(
      "patch x", 409, R"({"kind": "Status", "reason": "Conflict", "message": "was changed"})");
  EXPECT_EQ(conflict.code(), StatusCode::kAborted);
  EXPECT_EQ(conflict.message(), "cannot patch x: was changed");
  EXPECT_EQ(ToStatus("x", 409, R"({"reason": "AlreadyExists"})").code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(ToStatus("x", 410, "").code(), StatusCode::kOutOfRange);
  EXPECT_EQ(ToStatus("get y", 502, "<html>").message(), "cannot get y: HTTP 502: <html>");
}

TEST(ObjectTest, FarTimesAreTheFirstOrLastOnes) {
  const auto never = ParseTime("9999-12-31T23:59:59Z");
  ASSERT_TRUE(never);
  EXPECT_EQ(FormatTime(*never), "2262-04-11T23:47:16Z");
  EXPECT_EQ(ParseTime("2262-04-11T23:47:17Z"), never);
  EXPECT_EQ(FormatTime(ParseTime("0001-01-01T00:00:00Z").value()), "1677-09-21T00:12:44Z");
}

TEST(ObjectTest, ANumberThatIsTooLargeIsNone) {
  EXPECT_EQ(GetInt(Json::parse(R"({"n": 18446744073709551615})"), {"n"}, 3), 3);
  EXPECT_EQ(GetInt(Json::parse(R"({"n": 9223372036854775807})"), {"n"}, 3), INT64_MAX);
}

}  // namespace
}  // namespace trainyard::kube
