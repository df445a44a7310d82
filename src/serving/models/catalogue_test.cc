#include "serving/models/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "serving/testing/test_models.h"

namespace trainyard::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

::tensorflow::serving::ModelSpec Spec(const std::string& name) {
  ::tensorflow::serving::ModelSpec spec;
  spec.set_name(name);
  return spec;
}

TEST(CatalogueTest, ServesSeveralModelsEachWithItsVersions) {
  TemporaryDirectory line, image;
  WriteLineModel(line.path(), 3, 0.5f);
  WriteImageModel(image.path(), 7);
  Catalogue models({{.model_name = "line", .base_path = line.path(), .session = {}},
                    {.model_name = "image", .base_path = image.path(), .session = {}}});
  EXPECT_FALSE(models.is_ready());
  ASSERT_TRUE(models.PollOnce().ok());
  EXPECT_TRUE(models.is_ready());
  EXPECT_THAT(models.model_names(), ElementsAre("image", "line"));
  EXPECT_EQ(models.Find(Spec("line")).value()->id(), (ServableId{"line", 3}));
  EXPECT_EQ(models.Find(Spec("image")).value()->id(), (ServableId{"image", 7}));
  auto spec = Spec("image");
  spec.mutable_version()->set_value(3);
  EXPECT_EQ(models.Find(spec).error(),
            NotFoundError("Servable not found for request: Specific(image, 3)"));
}

TEST(CatalogueTest, ABrokenModelKeepsNoOtherFromBeingServed) {
  TemporaryDirectory line, empty;
  WriteLineModel(line.path(), 3, 0.5f);
  Catalogue models({{.model_name = "a", .base_path = empty.path(), .session = {}},
                    {.model_name = "line", .base_path = line.path(), .session = {}}});
  EXPECT_THAT(models.PollOnce().message(), HasSubstr("model \"a\": no version directory in"));
  EXPECT_FALSE(models.is_ready());
  EXPECT_TRUE(models.Find(Spec("line")).ok());
}

TEST(CatalogueTest, AnswersUnknownModelsWithTheKnownTexts) {
  const Catalogue models({});
  EXPECT_EQ(models.Find(Spec("")).error(),
            InvalidArgumentError("ModelSpec has no name specified."));
  auto spec = Spec("m");
  EXPECT_EQ(models.Find(spec).error(), NotFoundError("Servable not found for request: Latest(m)"));
  spec.mutable_version()->set_value(1);
  EXPECT_EQ(models.Find(spec).error(),
            NotFoundError("Servable not found for request: Specific(m, 1)"));
  spec.set_version_label("stable");
  EXPECT_EQ(models.Find(spec).error(),
            InvalidArgumentError("Unrecognized servable version label: stable"));
  ::tensorflow::serving::GetModelStatusRequest request;
  ::tensorflow::serving::GetModelStatusResponse response;
  EXPECT_EQ(models.DescribeVersions(request, &response), InvalidArgumentError("Missing ModelSpec"));
  *request.mutable_model_spec() = Spec("m");
  EXPECT_EQ(models.DescribeVersions(request, &response),
            NotFoundError("Could not find any versions of model m"));
}

}  // namespace
}  // namespace trainyard::serving
