#include "serving/versions/manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <future>

#include "base/files.h"
#include "serving/testing/test_models.h"

namespace trainyard::serving {
namespace {

using ::testing::HasSubstr;

const TimePoint kNow = TimePoint() + std::chrono::hours(1);

::tensorflow::serving::ModelSpec Latest() {
  ::tensorflow::serving::ModelSpec spec;
  spec.set_name("line");
  return spec;
}
::tensorflow::serving::ModelSpec Version(int64_t version) {
  auto spec = Latest();
  spec.mutable_version()->set_value(version);
  return spec;
}
::tensorflow::serving::ModelSpec Label(const std::string& label) {
  auto spec = Latest();
  spec.set_version_label(label);
  return spec;
}

class VersionManagerTest : public ::testing::Test {
 protected:
  VersionManager MakeManager() const {
    return VersionManager({.model = {.name = "line", .base_path = dir_.path()}});
  }
  TemporaryDirectory dir_;
};

TEST_F(VersionManagerTest, ServesTheNewestVersion) {
  WriteLineModel(dir_.path(), 1, 0.5f);
  WriteLineModel(dir_.path(), 2, 0.5f);
  VersionManager manager = MakeManager();
  EXPECT_FALSE(manager.is_ready());
  ASSERT_TRUE(manager.Poll(kNow).ok());
  EXPECT_TRUE(manager.is_ready());
  EXPECT_EQ(manager.Find(Latest()).value()->id(), (ServableId{"line", 2}));
  auto spec = Latest();
  spec.mutable_version()->set_value(2);
  EXPECT_TRUE(manager.Find(spec).ok());
}

TEST_F(VersionManagerTest, AnswersUnknownVersionsAndLabelsWithTheKnownTexts) {
  VersionManager manager = MakeManager();
  EXPECT_EQ(manager.Find(Latest()).error(),
            NotFoundError("Servable not found for request: Latest(line)"));
  WriteLineModel(dir_.path(), 1, 0.5f);
  ASSERT_TRUE(manager.Poll(kNow).ok());
  auto spec = Latest();
  spec.mutable_version()->set_value(7);
  EXPECT_EQ(manager.Find(spec).error(),
            NotFoundError("Servable not found for request: Specific(line, 7)"));
  spec.set_version_label("stable");
  EXPECT_EQ(manager.Find(spec).error(),
            InvalidArgumentError("Unrecognized servable version label: stable"));
}

TEST_F(VersionManagerTest, KeepsTheOldVersionUntilItsLastRequestHasBeenAnswered) {
  WriteLineModel(dir_.path(), 1, 0.5f);
  VersionManager manager = MakeManager();
  ASSERT_TRUE(manager.Poll(kNow).ok());
  std::shared_ptr<const Servable> request = manager.Find(Latest()).value();
  WriteLineModel(dir_.path(), 2, 0.5f);
  ASSERT_TRUE(manager.Poll(kNow).ok());
  manager.ReleaseUnused();
  EXPECT_EQ(manager.Find(Latest()).value()->id().version, 2);
  EXPECT_EQ(manager.Reports().at(1).state, VersionState::kUnloading);
  EXPECT_NE(request->FindSignature(""), nullptr);
  request.reset();
  manager.ReleaseUnused();
  EXPECT_EQ(manager.Reports().at(1).state, VersionState::kEnd);
  EXPECT_EQ(manager.Reports().at(2).state, VersionState::kAvailable);
}

TEST_F(VersionManagerTest, ReportsAVersionThatFailsAndKeepsServing) {
  WriteLineModel(dir_.path(), 1, 0.5f);
  VersionManager manager = MakeManager();
  ASSERT_TRUE(manager.Poll(kNow).ok());
  const std::string broken = JoinPath(dir_.path(), "2");
  ASSERT_TRUE(MakeDirectories(broken).ok());
  ASSERT_TRUE(WriteFileAtomically(JoinPath(broken, "saved_model.pb"), "no model").ok());
  const Status problem = manager.Poll(kNow);
  EXPECT_THAT(problem.message(), HasSubstr("model \"line\": version 2: cannot load SavedModel"));
  EXPECT_EQ(manager.Find(Latest()).value()->id().version, 1);
  EXPECT_EQ(manager.Reports().at(2).state, VersionState::kEnd);
  EXPECT_FALSE(manager.Reports().at(2).status.ok());
  EXPECT_TRUE(manager.Poll(kNow).ok());  // nothing new to try, nothing new to say
  EXPECT_FALSE(manager.Poll(kNow + std::chrono::minutes(2)).ok());
}

TEST_F(VersionManagerTest, FallsBackToAnOlderVersionAtTheStart) {
  WriteLineModel(dir_.path(), 1, 0.5f);
  ASSERT_TRUE(MakeDirectories(JoinPath(dir_.path(), "2")).ok());
  ASSERT_TRUE(WriteFileAtomically(JoinPath(dir_.path(), "2/saved_model.pb"), "no model").ok());
  VersionManager manager = MakeManager();
  EXPECT_THAT(manager.Poll(kNow).message(), HasSubstr("version 2"));
  EXPECT_EQ(manager.Find(Latest()).value()->id().version, 1);
}

TEST_F(VersionManagerTest, WaitsForAnIncompleteVersion) {
  WriteLineModel(dir_.path(), 1, 0.5f);
  const std::string second = WriteLineModel(dir_.path(), 2, 0.5f);
  const std::string index = JoinPath(second, "variables/variables.index");
  ASSERT_TRUE(RenamePath(index, index + ".part").ok());
  VersionManager manager = MakeManager();
  EXPECT_THAT(manager.Poll(kNow).message(),
              HasSubstr("version 2 is not loaded: variables/variables.index is missing"));
  EXPECT_EQ(manager.Find(Latest()).value()->id().version, 1);
  ASSERT_TRUE(RenamePath(index + ".part", index).ok());
  EXPECT_TRUE(manager.Poll(kNow).ok());  // sees that files still change
  EXPECT_EQ(manager.Find(Latest()).value()->id().version, 1);
  EXPECT_TRUE(manager.Poll(kNow).ok());
  EXPECT_EQ(manager.Find(Latest()).value()->id().version, 2);
}

TEST_F(VersionManagerTest, RefusesAGraphWithVariablesButNoVariablesDirectory) {
  const std::string directory = WriteLineModel(dir_.path(), 1, 0.5f);
  ASSERT_TRUE(RemoveRecursively(JoinPath(directory, "variables")).ok());
  VersionManager manager = MakeManager();
  EXPECT_THAT(manager.Poll(kNow).message(), HasSubstr("the graph has variables, but"));
  EXPECT_FALSE(manager.is_ready());
}

TEST_F(VersionManagerTest, AnEmptiedDirectoryTakesNothingAway) {
  const std::string directory = WriteLineModel(dir_.path(), 1, 0.5f);
  VersionManager manager = MakeManager();
  ASSERT_TRUE(manager.Poll(kNow).ok());
  ASSERT_TRUE(RemoveRecursively(directory).ok());
  EXPECT_THAT(manager.Poll(kNow).message(), HasSubstr("no version directory in"));
  ASSERT_TRUE(RemoveRecursively(dir_.path()).ok());
  EXPECT_EQ(manager.Poll(kNow).code(), StatusCode::kNotFound);
  EXPECT_TRUE(manager.is_ready());
}

// Each byte range of the model's files cut off: an error or a whole model, never a crash.
TEST_F(VersionManagerTest, SurvivesTruncatedFiles) {
  const std::string directory = WriteLineModel(dir_.path(), 1, 0.5f);
  for (const char* name :
       {"saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"}) {
    const std::string path = JoinPath(directory, name);
    const std::string whole = ReadFile(path).value();
    for (size_t length = 0; length < whole.size(); length += 1 + whole.size() / 20) {
      ASSERT_TRUE(WriteFileAtomically(path, whole.substr(0, length)).ok());
      VersionManager manager = MakeManager();
      EXPECT_FALSE(manager.Poll(kNow).ok()) << name << " " << length;
      EXPECT_FALSE(manager.is_ready());
    }
    ASSERT_TRUE(WriteFileAtomically(path, whole).ok());
  }
}

TEST_F(VersionManagerTest, ServesSeveralVersionsAtTheSameTime) {
  for (const int version : {1, 2, 3}) {
    WriteLineModel(dir_.path(), version, static_cast<float>(version));
  }
  VersionManager manager(
      {.model = {.name = "line", .base_path = dir_.path(), .policy = {.num_latest = 2}}});
  ASSERT_TRUE(manager.Poll(kNow).ok());
  EXPECT_EQ(manager.Find(Latest()).value()->id().version, 3);
  EXPECT_EQ(manager.Find(Version(2)).value()->id().version, 2);
  EXPECT_FALSE(manager.Find(Version(1)).ok());
  WriteLineModel(dir_.path(), 4, 4);
  ASSERT_TRUE(manager.Poll(kNow).ok());
  manager.ReleaseUnused();
  EXPECT_EQ(manager.Find(Latest()).value()->id().version, 4);
  EXPECT_TRUE(manager.Find(Version(3)).ok());
  EXPECT_EQ(manager.Reports().at(2).state, VersionState::kEnd);
}

TEST_F(VersionManagerTest, TakesNewSettingsAndMovesLabelsOnceTheirVersionAnswers) {
  WriteLineModel(dir_.path(), 1, 1);
  ModelSettings settings = {
      .name = "line", .base_path = dir_.path(), .policy = {}, .labels = {{"stable", 1}}};
  VersionManager manager({.model = settings});
  ASSERT_TRUE(manager.Poll(kNow).ok());
  EXPECT_EQ(manager.Find(Label("stable")).value()->id().version, 1);
  settings.policy.kind = VersionPolicy::Kind::kAll;
  settings.labels = {{"stable", 2}, {"canary", 2}};
  manager.Configure(settings);
  ASSERT_TRUE(manager.Poll(kNow).ok());
  EXPECT_EQ(manager.Find(Label("stable")).value()->id().version, 1);  // 2 is not there yet
  EXPECT_EQ(manager.Find(Label("canary")).error(),
            NotFoundError("Servable not found for request: Specific(line, 2)"));
  WriteLineModel(dir_.path(), 2, 2);
  ASSERT_TRUE(manager.Poll(kNow).ok());
  EXPECT_EQ(manager.Find(Label("stable")).value()->id().version, 2);
  EXPECT_EQ(manager.Find(Label("canary")).value()->id().version, 2);
  EXPECT_EQ(manager.FindLabel("stable").value(), 2);
}

TEST_F(VersionManagerTest, ChangesTheDirectoryWithoutAGap) {
  TemporaryDirectory other;
  WriteLineModel(dir_.path(), 1, 1);
  VersionManager manager = MakeManager();
  ASSERT_TRUE(manager.Poll(kNow).ok());
  manager.Configure({.name = "line", .base_path = other.path()});
  EXPECT_THAT(manager.Poll(kNow).message(), HasSubstr("no version directory in"));
  const std::shared_ptr<const Servable> before = manager.Find(Latest()).value();
  WriteLineModel(other.path(), 1, 2);
  ASSERT_TRUE(manager.Poll(kNow).ok());
  EXPECT_NE(manager.Find(Latest()).value(), before);
  EXPECT_EQ(manager.Reports().at(1).state, VersionState::kAvailable);
}

TEST_F(VersionManagerTest, AFailedWarmUpIsAFailedLoad) {
  WriteLineModel(dir_.path(), 1, 1);
  VersionManager manager({.model = {.name = "line", .base_path = dir_.path()},
                          .prepare = [](const Servable& servable, const std::string& directory) {
                            return InternalError("{} {}", servable.id().version, directory);
                          }});
  EXPECT_EQ(manager.Poll(kNow).message(),
            "model \"line\": version 1: 1 " + JoinPath(dir_.path(), "1"));
  EXPECT_FALSE(manager.is_ready());
}

TEST_F(VersionManagerTest, DoesNotServeFilesThatChangedWhileTheyWereLoaded) {
  const std::string directory = WriteLineModel(dir_.path(), 1, 1);
  bool change = true;
  VersionManager manager({.model = {.name = "line", .base_path = dir_.path()},
                          .prepare = [&](const Servable&, const std::string&) {
                            if (!change) return OkStatus();
                            return WriteFileAtomically(JoinPath(directory, "saved_model.pb"),
                                                       "something else");
                          }});
  EXPECT_THAT(manager.Poll(kNow).message(), HasSubstr("changed while they were being loaded"));
  EXPECT_FALSE(manager.is_ready());
}

TEST_F(VersionManagerTest, RefusesModelsOfOtherKindsInOneLine) {
  const std::string bundle = JoinPath(dir_.path(), "1");
  ASSERT_TRUE(MakeDirectories(bundle).ok());
  ASSERT_TRUE(WriteFileAtomically(JoinPath(bundle, "export.meta"), "graph").ok());
  VersionManager manager = MakeManager();
  EXPECT_THAT(manager.Poll(kNow).message(), HasSubstr("it is a SessionBundle (export.meta)"));
  EXPECT_EQ(manager.Reports().at(1).state, VersionState::kEnd);
}

TEST_F(VersionManagerTest, LeavesAfterItsLastRequest) {
  WriteLineModel(dir_.path(), 1, 1);
  VersionManager manager = MakeManager();
  ASSERT_TRUE(manager.Poll(kNow).ok());
  std::shared_ptr<const Servable> request = manager.Find(Latest()).value();
  manager.Retire();
  ASSERT_TRUE(manager.Poll(kNow).ok());
  manager.ReleaseUnused();
  EXPECT_FALSE(manager.Find(Latest()).ok());
  EXPECT_FALSE(manager.is_gone());
  request.reset();
  manager.ReleaseUnused();
  EXPECT_TRUE(manager.is_gone());
}

TEST_F(VersionManagerTest, PollsInItsOwnThread) {
  std::promise<int64_t> first;
  VersionManager manager({.model = {.name = "line", .base_path = dir_.path()},
                          .poll_interval = std::chrono::milliseconds(5)});
  manager.OnServing([&](const Servable& servable) { first.set_value(servable.id().version); });
  manager.Start();
  WriteLineModel(dir_.path(), 5, 0.5f);
  std::future<int64_t> version = first.get_future();
  ASSERT_EQ(version.wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_EQ(version.get(), 5);
}

}  // namespace
}  // namespace trainyard::serving
