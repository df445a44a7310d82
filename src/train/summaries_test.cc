#include "train/summaries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "records/event_reader.h"
#include "tf/ops.h"
#include "train/estimator.h"
#include "train/testing/linear_model.h"

namespace trainyard::train {
namespace {

using ::testing::HasSubstr;
using testing::LinearModel;
using testing::LinePoints;

class SummariesTest : public ::testing::Test {
 protected:
  void SetUp() override { ::unsetenv("TF_CONFIG"); }

  // Trains a few steps with what `add` adds to the model.
  Status Train(const std::function<void(ModelBuilder&)>& add) {
    const ModelFn model = [&](ModelBuilder& builder, const Features& features,
                              const tf::Output& labels) {
      ModelSpec spec = LinearModel()(builder, features, labels);
      add(builder);
      return spec;
    };
    RunConfig config{.model_dir = dir_.path(), .save_summary_steps = 2};
    RETURN_IF_ERROR(config.ReadEnvironment());
    return Estimator(model, config).Train(LinePoints(), {.max_steps = 5}).status();
  }
  // All events of all files.
  std::vector<records::Event> Events() {
    std::vector<records::Event> events;
    const std::vector<std::string> names = ListDirectory(dir_.path()).value();
    for (const std::string& name : names) {
      if (!name.starts_with("events.")) continue;
      const auto reader = records::EventReader::Open(JoinPath(dir_.path(), name)).value();
      records::Event event;
      while (reader->Next(&event).value()) events.push_back(event);
    }
    return events;
  }

  TemporaryDirectory dir_;
};

TEST_F(SummariesTest, EveryKindIsWrittenAtTheSummarySteps) {
  const Status status = Train([](ModelBuilder& model) {
    const tf::Scope& scope = model.scope();
    AddHistogramSummary(model, "weights", model.trainable_variables().front()->value);
    AddImageSummary(model, "noise", tf::Fill(scope, {2, 4, 4, 1}, 0.5f));
    AddTextSummary(model, "note", tf::Const(scope, tf::Tensor::StringScalar("**hello**")));
  });
  ASSERT_TRUE(status.ok()) << status;
  std::vector<int64_t> steps;
  for (const records::Event& event : Events()) {
    if (event.histograms.empty()) continue;
    steps.push_back(event.step);
    EXPECT_EQ(event.histograms[0].first, "weights");
    ASSERT_EQ(event.texts.size(), 1u);
    EXPECT_EQ(event.texts[0].second, "**hello**");
    EXPECT_EQ(event.other_values, 2);  // the images
  }
  EXPECT_THAT(steps, ::testing::ElementsAre(1, 3, 5));
}

TEST_F(SummariesTest, MistakesFailTheGraph) {
  EXPECT_THAT(Train([](ModelBuilder& model) {
                AddTextSummary(model, "note", tf::Const(model.scope(), 1.0f));
              }).message(),
              HasSubstr("text summary \"note\""));
  EXPECT_THAT(Train([](ModelBuilder& model) {
                AddImageSummary(model, "x", tf::Fill(model.scope(), {2, 4, 4, 1}, 0.5f), 0);
              }).message(),
              HasSubstr("image summary \"x\": max_outputs is 0"));
}

TEST_F(SummariesTest, HyperparametersAreOneEventWithoutNumbers) {
  EXPECT_FALSE(WriteHyperparameters(dir_.path(), {}).ok());
  ASSERT_TRUE(WriteHyperparameters(dir_.path(), {{"rate", 0.1}, {"name", "x"}}).ok());
  const std::vector<records::Event> events = Events();
  ASSERT_EQ(events.size(), 2u);  // the version, and this
  EXPECT_EQ(events[1].other_values, 1);
}

}  // namespace
}  // namespace trainyard::train
