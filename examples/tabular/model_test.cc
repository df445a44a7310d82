#include "tabular/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tabular/data.h"
#include "tabular/make_clicks.h"
#include "train/estimator.h"
#include "train/exports/exporter.h"

namespace tabular {
namespace {

using namespace trainyard;
using namespace trainyard::train;
using ::testing::ElementsAre;

class ClicksModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string& directory = directory_.path();
    const ClicksOptions few{.users = 30, .films = 20};
    const auto write = [&](const char* name, const std::string& text) {
      ASSERT_TRUE(WriteFileAtomically(JoinPath(directory, name), text).ok());
    };
    write("train.csv", FormatCsv(MakeClicks(20000, 0, few)));
    test_ = MakeClicks(5000, 1, few);
    write("test.csv", FormatCsv(test_));
    files_ = MakeFiles(directory).value();
  }
  std::string Path(const char* name) const { return JoinPath(directory_.path(), name); }

  TemporaryDirectory directory_;
  std::vector<Click> test_;
  Files files_;
};

TEST_F(ClicksModelTest, ComesNearToTheBestThatIsThere) {
  RunConfig config{.model_dir = Path("model"), .tf_random_seed = 1};
  const Data data = OpenData(files_, 200, config).value();
  const Estimator estimator(ClicksModel({.users_file = files_.users,
                                         .films_file = files_.films,
                                         .learning_rate = 0.01,
                                         .max_steps = 300}),
                            config);
  ASSERT_TRUE(estimator.Train(data.train, {.max_steps = 300}).ok());
  const Result<EvalResult> result = estimator.Evaluate(data.test);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GT(result->metrics.at("auc"), BestAuc(test_) - 0.05);
  EXPECT_LT(result->metrics.at("auc"), BestAuc(test_) + 0.02);
  EXPECT_GT(result->metrics.at("accuracy"), 0.6);
}

TEST_F(ClicksModelTest, UnknownNamesHaveAProbabilityToo) {
  const InputSpec input{.features = {{"user", {tf::DataType::kString, {-1}}},
                                     {"film", {tf::DataType::kString, {-1}}},
                                     {"hour", {tf::DataType::kFloat, {-1}}}},
                        .labels = {}};
  const auto model =
      ModelGraph::Build(ClicksModel({.users_file = files_.users, .films_file = files_.films}),
                        input, {.mode = Mode::kPredict, .seed = 1});
  ASSERT_TRUE(model.ok()) << model.status();
  const auto session = tf::Session::Create((*model)->graph(), {}).value();
  ASSERT_TRUE(session->Run((*model)->init_op()).ok());
  ASSERT_TRUE(session->Run((*model)->tables_init_op()).ok());
  Batch batch;
  const std::vector<std::string> users = {"u0003", "nobody"}, films = {"nothing", "f019"};
  batch.features.emplace("user", tf::Tensor::FromStrings({2}, users));
  batch.features.emplace("film", tf::Tensor::FromStrings({2}, films));
  batch.features.emplace("hour", tf::Tensor::FromVector<float>({0, 24}));
  const std::vector<tf::Output> fetches = {(*model)->spec().predictions.at("probability")};
  const auto values = session->Run((*model)->Feeds(batch).value(), fetches, {});
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_THAT((*values)[0].shape(), ElementsAre(2));
}

}  // namespace
}  // namespace tabular
