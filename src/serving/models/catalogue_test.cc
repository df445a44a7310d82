#include "serving/models/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/files.h"
#include "serving/testing/test_models.h"

namespace trainyard::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

::tensorflow::serving::ModelSpec Spec(const std::string& name) {
  ::tensorflow::serving::ModelSpec spec;
  spec.set_name(name);
  return spec;
}

ModelSettings Model(const std::string& name, const TemporaryDirectory& dir) {
  return {.name = name, .base_path = dir.path()};
}

RunLimits Within(std::chrono::seconds time) {
  return {.deadline = std::chrono::steady_clock::now() + time};
}

// Looks once, and each time it is told to.
std::unique_ptr<Catalogue> MakeCatalogue(std::vector<ModelSettings> models) {
  return std::make_unique<Catalogue>(
      Catalogue::Options{.poll_interval = std::chrono::milliseconds(0)}, std::move(models));
}

Status StartAndWait(Catalogue* models) {
  models->Start();
  return models->WaitForFirstLook(Within(std::chrono::seconds(60)));
}

class CatalogueTest : public ::testing::Test {
 protected:
  CatalogueTest() { WriteLineModel(line_.path(), 3, 0.5f); }
  TemporaryDirectory line_;
  TemporaryDirectory other_;
};

TEST_F(CatalogueTest, ServesSeveralModelsEachWithItsVersions) {
  WriteImageModel(other_.path(), 7);
  const auto models = MakeCatalogue({Model("line", line_), Model("image", other_)});
  EXPECT_FALSE(models->is_ready());
  ASSERT_TRUE(StartAndWait(models.get()).ok());
  EXPECT_TRUE(models->is_ready());
  EXPECT_THAT(models->model_names(), ElementsAre("image", "line"));
  EXPECT_EQ(models->Find(Spec("line")).value()->id(), (ServableId{"line", 3}));
  EXPECT_EQ(models->Find(Spec("image")).value()->id(), (ServableId{"image", 7}));
  auto spec = Spec("image");
  spec.mutable_version()->set_value(3);
  EXPECT_EQ(models->Find(spec).error(),
            NotFoundError("Servable not found for request: Specific(image, 3)"));
  EXPECT_EQ(FormatReadyReport(models->Readiness()), "ready: 2 models\n");
}

TEST_F(CatalogueTest, ABrokenModelKeepsNoOtherFromBeingServed) {
  const auto models = MakeCatalogue({Model("a", other_), Model("line", line_)});
  EXPECT_TRUE(StartAndWait(models.get()).ok());
  EXPECT_TRUE(models->Find(Spec("line")).ok());
  EXPECT_FALSE(models->is_ready());
  EXPECT_EQ(FormatReadyReport(models->Readiness()),
            "not ready: 1 of 2 models are missing\na: model \"a\": no version directory in " +
                other_.path() + "\n");
}

TEST_F(CatalogueTest, SaysWhyNoModelIsServed) {
  const auto models = MakeCatalogue({Model("a", other_)});
  EXPECT_THAT(StartAndWait(models.get()).message(),
              HasSubstr("model \"a\": no version directory in"));
}

TEST_F(CatalogueTest, TheWaitForTheFirstLookEndsWithItsLimits) {
  const std::string pipe = JoinPath(line_.path(), "3/SHA256SUMS");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);  // the load waits until somebody writes into it
  const auto models = MakeCatalogue({Model("line", line_)});
  models->Start();
  EXPECT_EQ(models->WaitForFirstLook({.is_cancelled = [] { return true; }}),
            CancelledError("model \"line\" is still being loaded"));
  EXPECT_EQ(models->WaitForFirstLook(Within(std::chrono::seconds(0))),
            DeadlineExceededError("model \"line\" is still being loaded"));
  std::ofstream(pipe).close();
  EXPECT_TRUE(models->WaitForFirstLook(Within(std::chrono::seconds(60))).ok());
}

TEST_F(CatalogueTest, AnswersUnknownModelsWithTheKnownTexts) {
  const auto models = MakeCatalogue({});
  EXPECT_EQ(models->Find(Spec("")).error(),
            InvalidArgumentError("ModelSpec has no name specified."));
  auto spec = Spec("m");
  EXPECT_EQ(models->Find(spec).error(), NotFoundError("Servable not found for request: Latest(m)"));
  spec.mutable_version()->set_value(1);
  EXPECT_EQ(models->Find(spec).error(),
            NotFoundError("Servable not found for request: Specific(m, 1)"));
  spec.set_version_label("stable");
  EXPECT_EQ(models->Find(spec).error(),
            InvalidArgumentError("Unrecognized servable version label: stable"));
  ::tensorflow::serving::GetModelStatusRequest request;
  ::tensorflow::serving::GetModelStatusResponse response;
  EXPECT_EQ(models->DescribeVersions(request, &response),
            InvalidArgumentError("Missing ModelSpec"));
  *request.mutable_model_spec() = Spec("m");
  EXPECT_EQ(models->DescribeVersions(request, &response),
            NotFoundError("Could not find any versions of model m"));
}

TEST_F(CatalogueTest, StatusHonoursALabel) {
  WriteLineModel(line_.path(), 4, 0.5f);
  ModelSettings model = Model("line", line_);
  model.policy.kind = VersionPolicy::Kind::kAll;
  model.labels = {{"stable", 3}};
  const auto models = MakeCatalogue({model});
  ASSERT_TRUE(StartAndWait(models.get()).ok());
  ::tensorflow::serving::GetModelStatusRequest request;
  ::tensorflow::serving::GetModelStatusResponse response;
  *request.mutable_model_spec() = Spec("line");
  request.mutable_model_spec()->set_version_label("stable");
  ASSERT_TRUE(models->DescribeVersions(request, &response).ok());
  ASSERT_EQ(response.model_version_status_size(), 1);
  EXPECT_EQ(response.model_version_status(0).version(), 3);
  request.mutable_model_spec()->set_version_label("other");
  EXPECT_EQ(models->DescribeVersions(request, &response),
            InvalidArgumentError("Unrecognized servable version label: other"));
}

TEST_F(CatalogueTest, ReloadsAsAWhole) {
  WriteImageModel(other_.path(), 7);
  const auto models = MakeCatalogue({Model("line", line_)});
  ASSERT_TRUE(StartAndWait(models.get()).ok());
  ASSERT_TRUE(models->Reload({Model("image", other_)}, Within(std::chrono::seconds(60))).ok());
  EXPECT_THAT(models->model_names(), ElementsAre("image"));
  EXPECT_EQ(models->Find(Spec("image")).value()->id().version, 7);
  EXPECT_FALSE(models->Find(Spec("line")).ok());
}

TEST_F(CatalogueTest, AFailedReloadLeavesEverythingAsItWas) {
  const std::string broken = JoinPath(other_.path(), "5");
  ASSERT_TRUE(MakeDirectories(broken).ok());
  ASSERT_TRUE(WriteFileAtomically(JoinPath(broken, "saved_model.pb"), "no model").ok());
  const auto models = MakeCatalogue({Model("line", line_)});
  ASSERT_TRUE(StartAndWait(models.get()).ok());
  const std::vector<ModelSettings> before = models->settings();
  Status failed = models->Reload({Model("image", other_)}, Within(std::chrono::seconds(60)));
  EXPECT_EQ(failed.code(), StatusCode::kUnknown);
  EXPECT_THAT(failed.message(), StartsWith("1 model(s) did not become available: "
                                           "{{{name: image version: 5} due to error: "));
  ModelSettings changed = Model("line", line_);
  changed.policy = {.kind = VersionPolicy::Kind::kSpecific, .versions = {9}};
  failed = models->Reload({changed}, Within(std::chrono::seconds(60)));
  EXPECT_THAT(failed.message(), HasSubstr("{{name: line} due to error: NOT_FOUND: model \"line\": "
                                          "version 9 is not in " +
                                          line_.path()));
  EXPECT_EQ(models->settings(), before);
  EXPECT_EQ(models->Find(Spec("line")).value()->id().version, 3);
}

TEST_F(CatalogueTest, AReloadGivesLabelsToVersionsThatAnswerOnly) {
  const auto models = MakeCatalogue({Model("line", line_)});
  ASSERT_TRUE(StartAndWait(models.get()).ok());
  ModelSettings model = Model("line", line_);
  model.labels = {{"stable", 4}};
  EXPECT_EQ(models->Reload({model}, Within(std::chrono::seconds(60))),
            FailedPreconditionError("Request to assign label to version 4 of model line, which is "
                                    "not currently available for inference"));
  auto stable = Spec("line");
  stable.set_version_label("stable");
  EXPECT_FALSE(models->Find(stable).ok());
  WriteLineModel(line_.path(), 4, 0.5f);
  ASSERT_TRUE(models->Reload({model}, Within(std::chrono::seconds(60))).ok());
  EXPECT_EQ(models->Find(stable).value()->id().version, 4);
}

TEST_F(CatalogueTest, AReloadEndsWithTheRequest) {
  const auto models = MakeCatalogue({});
  EXPECT_EQ(models->Reload({}, {}).code(), StatusCode::kUnavailable);  // before Start()
  models->Start();
  const Status late = models->Reload({Model("line", line_)}, Within(std::chrono::seconds(-1)));
  EXPECT_EQ(late.code(), StatusCode::kDeadlineExceeded);
  const Status cancelled =
      models->Reload({Model("line", line_)}, {.is_cancelled = [] { return true; }});
  EXPECT_EQ(cancelled.code(), StatusCode::kCancelled);
  EXPECT_TRUE(models->model_names().empty());
}

TEST_F(CatalogueTest, AppliesWithoutWaiting) {
  WriteImageModel(other_.path(), 7);
  const auto models = MakeCatalogue({Model("line", line_)});
  ASSERT_TRUE(StartAndWait(models.get()).ok());
  models->Apply({Model("image", other_), Model("line", line_)});
  EXPECT_THAT(models->model_names(), ElementsAre("image", "line"));
  ASSERT_TRUE(models->WaitForFirstLook(Within(std::chrono::seconds(60))).ok());
  EXPECT_TRUE(models->Find(Spec("image")).ok());
}

}  // namespace
}  // namespace trainyard::serving
