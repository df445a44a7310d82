#include "kube/testing/fake_api.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace trainyard::kube::testing {
namespace {

constexpr std::chrono::seconds kLimit{20};
const Resource kJobs{.group = "kubeflow.org", .plural = "tfjobs"};

Json Object(const std::string& name) { return {{"metadata", {{"name", name}}}}; }

class FakeApiTest : public ::testing::Test {
 protected:
  FakeApi api_;
};

TEST_F(FakeApiTest, CreatesAndRefusesASecondOne) {
  const auto made = api_.Create(kPods, "team", Object("a"));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(Namespace(*made), "team");
  EXPECT_FALSE(Uid(*made).empty());
  EXPECT_EQ(GetString(*made, {"status", "phase"}), "Pending");
  const Status again = api_.Create(kPods, "team", Object("a")).status();
  EXPECT_EQ(again.code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(again.message(), "cannot create pods.v1 team/a: pods.v1 \"a\" already exists");
  EXPECT_EQ(api_.Get(kPods, "team", "b").status().code(), StatusCode::kNotFound);
  const Json generated = {{"metadata", {{"generateName", "x-"}}}};
  EXPECT_NE(Name(*api_.Create(kPods, "team", generated)),
            Name(*api_.Create(kPods, "team", generated)));
}

TEST_F(FakeApiTest, OnlyTheSpecRaisesTheGenerationAndStatusHasItsOwnDoor) {
  Json job = Object("j");
  job["spec"] = {{"n", 1}};
  job["status"] = {{"phase", "cheating"}};
  Json made = *api_.Create(kJobs, "team", job);
  EXPECT_FALSE(made.contains("status"));
  const auto generation = [](const Json& object) {
    return GetInt(object, {"metadata", "generation"});
  };
  EXPECT_EQ(generation(made), 1);

  const Json both = {{"spec", {{"n", 2}}}, {"status", {{"phase", "Running"}}}};
  const Json by_spec = *api_.Patch(kJobs, "team", "j", PatchType::kMerge, both);
  EXPECT_FALSE(by_spec.contains("status"));
  EXPECT_EQ(generation(by_spec), 2);
  const Json by_status =
      *api_.Patch(kJobs, "team", "j", PatchType::kMerge,
                  {{"spec", {{"n", 3}}}, {"status", {{"phase", "Done"}}}}, "status");
  EXPECT_EQ(GetInt(by_status, {"spec", "n"}), 2);
  EXPECT_EQ(GetString(by_status, {"status", "phase"}), "Done");
  EXPECT_EQ(generation(by_status), 2);

  const uint64_t before = api_.version();  // what changes nothing is not written
  ASSERT_TRUE(api_.Patch(kJobs, "team", "j", PatchType::kMerge, {{"spec", {{"n", 2}}}}).ok());
  EXPECT_EQ(api_.version(), before);
}

TEST_F(FakeApiTest, AStaleWriteIsAConflict) {
  const Json first = *api_.Create(kJobs, "team", Object("j"));
  Json second = first;
  second["spec"] = {{"n", 1}};
  ASSERT_TRUE(api_.Update(kJobs, "team", second).ok());
  EXPECT_EQ(api_.Update(kJobs, "team", second).status().code(), StatusCode::kAborted);
  const Json stale = {{"metadata", {{"resourceVersion", "1"}}}, {"spec", {{"n", 2}}}};
  EXPECT_EQ(api_.Patch(kJobs, "team", "j", PatchType::kMerge, stale).status().code(),
            StatusCode::kAborted);
  const Json other = {{"metadata", {{"uid", "another"}}}};
  EXPECT_EQ(api_.Patch(kJobs, "team", "j", PatchType::kMerge, other).status().code(),
            StatusCode::kAborted);
  const Json steps = Json::parse(R"([{"op": "test", "path": "/spec/n", "value": 1},
                                     {"op": "replace", "path": "/spec/n", "value": 5}])");
  EXPECT_TRUE(api_.Patch(kJobs, "team", "j", PatchType::kJson, steps).ok());
  EXPECT_EQ(api_.Patch(kJobs, "team", "j", PatchType::kJson, steps).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(FakeApiTest, DeletesTheOneThatIsMeant) {
  const Json pod = *api_.Create(kPods, "team", Object("a"));
  EXPECT_EQ(api_.Delete(kPods, "team", "a", {.uid = "another"}).code(), StatusCode::kAborted);
  EXPECT_TRUE(api_.Delete(kPods, "team", "a", {.uid = Uid(pod)}).ok());
  EXPECT_EQ(api_.Delete(kPods, "team", "a").code(), StatusCode::kNotFound);
}

TEST_F(FakeApiTest, APodOnANodeEndsGracefully) {
  Json pod = Object("a");
  pod["spec"] = {{"nodeName", "n1"}};
  ASSERT_TRUE(api_.Create(kPods, "team", pod).ok());
  ASSERT_TRUE(api_.Delete(kPods, "team", "a").ok());
  EXPECT_TRUE(IsBeingDeleted(*api_.Get(kPods, "team", "a")));
  ASSERT_TRUE(api_.Delete(kPods, "team", "a", {.grace_seconds = 0}).ok());  // the kubelet
  EXPECT_FALSE(api_.Get(kPods, "team", "a").ok());
}

TEST_F(FakeApiTest, GarbageIsWhatHasNoOwnerLeft) {
  const Json job = *api_.Create(kJobs, "team", Object("j"));
  const auto owned = [](const std::string& name, const Json& owner) {
    Json object = Object(name);
    object["metadata"]["ownerReferences"] = {{{"uid", Uid(owner)}, {"controller", true}}};
    return object;
  };
  const Json pod = *api_.Create(kPods, "team", owned("p", job));
  ASSERT_TRUE(api_.Create(kPods, "team", owned("of-p", pod)).ok());
  ASSERT_TRUE(api_.Create(kPods, "team", Object("free")).ok());
  EXPECT_EQ(api_.CollectGarbage(), 0);
  ASSERT_TRUE(api_.Delete(kJobs, "team", "j").ok());
  EXPECT_EQ(api_.CollectGarbage(), 2);
  EXPECT_EQ(api_.objects(kPods).size(), 1u);

  const Json second = *api_.Create(kJobs, "team", Object("k"));
  ASSERT_TRUE(api_.Create(kPods, "team", owned("q", second)).ok());
  ASSERT_TRUE(api_.Delete(kJobs, "team", "k", {.propagation = "Orphan"}).ok());
  EXPECT_EQ(api_.CollectGarbage(), 0);
}

TEST_F(FakeApiTest, ListsWhatIsSelectedInPages) {
  for (int i = 0; i < 5; ++i) {
    Json pod = Object("p" + std::to_string(i));
    pod["metadata"]["labels"] = {{"even", i % 2 == 0 ? "yes" : "no"}, {"n", std::to_string(i)}};
    ASSERT_TRUE(api_.Create(kPods, i < 3 ? "team" : "other", pod).ok());
  }
  api_.SetPageLimit(2);
  const auto count = [&](const std::string& name_space, const std::string& labels,
                         const std::string& fields) {
    return api_.List(kPods, name_space, {{"labelSelector", labels}, {"fieldSelector", fields}})
        .value()["items"]
        .size();
  };
  EXPECT_EQ(count("", "", ""), 5u);
  EXPECT_EQ(count("team", "", ""), 3u);
  EXPECT_EQ(count("", "even=yes", ""), 3u);
  EXPECT_EQ(count("", "even==yes,n!=2", ""), 2u);
  EXPECT_EQ(count("", "n in (1, 3),even", ""), 2u);
  EXPECT_EQ(count("", "n notin (1,3),!odd", ""), 3u);
  EXPECT_EQ(count("", "", "metadata.name=p4"), 1u);
}

TEST_F(FakeApiTest, FaultsHitWhatTheyAreMeantFor) {
  api_.Fail({.method = "POST", .path_part = "/pods", .code = 429, .reason = "TooManyRequests"});
  EXPECT_TRUE(api_.outsider().Create(kPods, "team", Object("theirs")).ok());
  EXPECT_TRUE(api_.Create(kJobs, "team", Object("j")).ok());
  EXPECT_EQ(api_.Create(kPods, "team", Object("a")).status().code(),
            StatusCode::kResourceExhausted);
  EXPECT_TRUE(api_.Create(kPods, "team", Object("a")).ok());
  api_.Fail({.method = "POST", .code = 0, .is_performed = true});
  EXPECT_EQ(api_.Create(kPods, "team", Object("b")).status().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(api_.Get(kPods, "team", "b").ok());
  EXPECT_EQ(api_.write_count(), 4);
  EXPECT_EQ(api_.requests().size(), 5u);
}

TEST_F(FakeApiTest, AKilledProcessDoesNothingMoreUntilTheNextOne) {
  for (const bool is_answer_lost : {false, true}) {
    const std::string name = is_answer_lost ? "lost" : "told";
    api_.KillAfterWrites(1, is_answer_lost);
    EXPECT_FALSE(api_.Get(kPods, "team", "none").ok());
    EXPECT_EQ(api_.Create(kPods, "team", Object(name)).ok(), !is_answer_lost);
    EXPECT_TRUE(api_.is_killed());
    EXPECT_EQ(api_.Get(kPods, "team", name).status().code(), StatusCode::kUnavailable);
    EXPECT_FALSE(api_.Create(kPods, "team", Object("more")).ok());
    api_.Revive();
    EXPECT_TRUE(api_.Get(kPods, "team", name).ok());
    EXPECT_FALSE(api_.Get(kPods, "team", "more").ok());
  }
}

TEST_F(FakeApiTest, AHoldLetsThroughWhatItSays) {
  std::vector<std::string> lines;
  const auto stream = api_.Open({.path = "/api/v1/pods", .query = {{"watch", "true"}}}, kLimit,
                                {.on_line = [&](std::string_view line) {
                                  lines.emplace_back(line);
                                  return OkStatus();
                                }});
  ASSERT_TRUE(api_.WaitUntilDelivered(kLimit));
  api_.Hold(kPods, 1);
  ASSERT_TRUE(api_.outsider().Create(kPods, "team", Object("a")).ok());
  ASSERT_TRUE(api_.outsider().Create(kPods, "team", Object("b")).ok());
  ASSERT_TRUE(api_.WaitUntilDelivered(kLimit));
  EXPECT_EQ(lines.size(), 1u);
  api_.Release(kPods);
  ASSERT_TRUE(api_.WaitUntilDelivered(kLimit));
  EXPECT_EQ(lines.size(), 2u);
}

}  // namespace
}  // namespace trainyard::kube::testing
