#include "kube/fields.h"

#include <gtest/gtest.h>

namespace trainyard::kube {
namespace {

TEST(ParseObjectTest, LeavesManagedFieldsOut) {
  const auto object = ParseObject("x", R"({"kind": "Pod", "metadata": {"name": "a",
      "managedFields": [{"manager": "m", "fieldsV1": {"f:a": {}}}], "uid": "u"}, "spec": {"n": 1}})");
  ASSERT_TRUE(object.ok());
  EXPECT_EQ(*object, Json::parse(R"({"kind": "Pod",
      "metadata": {"name": "a", "managedFields": [], "uid": "u"}, "spec": {"n": 1}})"));
  // Only those of the object itself.
  const char* deeper = R"({"metadata": {"name": "a"}, "spec": {"managedFields": [1, 2]}})";
  EXPECT_EQ(*ParseObject("x", deeper), Json::parse(deeper));
  const char* other = R"({"metadata": {"managedFields": "of another kind"}})";
  EXPECT_EQ(*ParseObject("x", other), Json::parse(other));
}

TEST(ParseObjectTest, KeepsWhatIsWanted) {
  const Fields fields{"spec.nodeName", "status.list.state", "metadata.labels"};
  const char* text = R"( {"kind": "Pod", "metadata": {"name": "a", "labels": {"x.y/z": "1"},
      "annotations": {"b": "c"}, "uid": "u"}, "spec": {"n": {"nodeName": 1}, "nodeName": "node"},
      "status": {"list": [{"state": {"a": [1]}, "b": 2}, {"b": 3}], "state": 1}, "x": [tru]} )";
  const auto object = ParseObject("x", text, fields);
  // What is left out is not looked at: "tru" is no JSON.
  ASSERT_TRUE(object.ok()) << object.error();
  EXPECT_EQ(*object, Json::parse(R"({"kind": "Pod",
      "metadata": {"name": "a", "labels": {"x.y/z": "1"}, "uid": "u"},
      "spec": {"nodeName": "node"}, "status": {"list": [{"state": {"a": [1]}}, {}]}})"));
}

TEST(ParseObjectTest, TakesOtherTypesAsTheyAre) {
  const Fields fields{"status.list.state"};
  for (const char* text :
       {R"({"status": null})", R"({"status": "x"})", R"({"status": {"list": 7}})",
        R"({"status": [1, {"list": []}]})", "{}"}) {
    const auto object = ParseObject("x", text, fields);
    ASSERT_TRUE(object.ok()) << text;
    EXPECT_EQ(*object, Json::parse(text)) << text;
  }
}

TEST(ParseObjectTest, RefusesWhatIsNoObject) {
  const Fields fields{"status.list.state"};
  for (const char* text : {"", " ", "null", "[]", "{", R"({"status")", R"({"status": {"list": [}})",
                           R"({"status": {"list": [{"state": tru}]}})", R"({"kind": "a)",
                           R"({"metadata": {"name": "\xff"}})", "{} x"}) {
    EXPECT_EQ(ParseObject("x", text, fields).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace trainyard::kube
