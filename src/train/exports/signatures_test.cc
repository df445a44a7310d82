#include "train/exports/signatures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/wire.h"
#include "tf/ops.h"
#include "tf/saved_model.h"
#include "train/estimator.h"
#include "train/testing/linear_model.h"
#include "train/vocabulary.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::LinearModel;
using testing::LinePoints;

using ExportOutputs = std::map<std::string, ExportOutput>;
using MakeOutputs = std::function<ExportOutputs(ModelBuilder&, const ModelSpec&)>;

class SignaturesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("TF_CONFIG");
    vocabulary_ = JoinPath(dir_.path(), "words.txt");
    ASSERT_TRUE(WriteFileAtomically(vocabulary_, "zero\none\ntwo\n").ok());
  }

  // Exports the linear model with these signatures.
  Result<std::string> Export(const MakeOutputs& outputs, bool parse) {
    const ModelFn model = [&](ModelBuilder& builder, const Features& features,
                              const tf::Output& labels) {
      ModelSpec spec = LinearModel()(builder, features, labels);
      if (builder.mode() == Mode::kPredict) spec.export_outputs = outputs(builder, spec);
      return spec;
    };
    RunConfig config{.model_dir = JoinPath(dir_.path(), "model")};
    RETURN_IF_ERROR(config.ReadEnvironment());
    const Estimator estimator(model, config);
    RETURN_IF_ERROR(estimator.Train(LinePoints(), {.max_steps = 100}).status());
    const InputSpec spec = LinePoints()->spec();
    return estimator.ExportSavedModel(JoinPath(dir_.path(), "export"),
                                      parse ? ParsingServingInput(spec) : ServingInput(spec));
  }
  std::string ErrorOf(const MakeOutputs& outputs, bool parse = false) {
    return Export(outputs, parse).status().message();
  }

  std::string vocabulary_;
  TemporaryDirectory dir_;
};

// A serialized tf.Example with one float feature.
std::string Example(const std::string& name, float value) {
  WireWriter list;
  list.Float(1, value);
  WireWriter feature;
  feature.Message(2, list);
  WireWriter features;
  features.MapEntry(1, name, feature);
  return WireWriter().Message(1, features).str();
}

TEST_F(SignaturesTest, ClassifyRegressAndPredictAnswerSerializedExamples) {
  const auto outputs = [&](ModelBuilder& model, const ModelSpec& spec) -> ExportOutputs {
    const tf::Output y = spec.predictions.at("y");
    const tf::Output id = tf::Cast(model.scope(), y, tf::DataType::kInt64);
    return {{"serving_default", PredictOutput({{"y", y}})},
            {"regression", RegressionOutput(y)},
            {"classification", ClassificationOutput(y, VocabularyWords(model, vocabulary_, id))}};
  };
  const std::string version = Export(outputs, /*parse=*/true).value();
  EXPECT_EQ(ReadFile(JoinPath(version, "assets/words.txt")).value(), "zero\none\ntwo\n");
  ASSERT_TRUE(RemoveRecursively(vocabulary_).ok());  // the copy is what is read
  const tf::SavedModel model = tf::LoadSavedModel(version, {"serve"}, {}).value();
  ASSERT_EQ(model.signatures.size(), 3u);
  const tf::Signature& classify = model.signatures.at("classification");
  EXPECT_EQ(classify.method_name, "tensorflow/serving/classify");
  EXPECT_EQ(model.signatures.at("regression").method_name, "tensorflow/serving/regress");
  EXPECT_TRUE(model.signatures.at("serving_default").inputs.contains("examples"));
  const std::vector<std::string> requests = {Example("x", 0.2f), Example("x", 0.0f)};
  const tf::Tensor examples = tf::Tensor::FromStrings({2}, requests);
  const auto values =
      model.session
          ->Run({{model.graph->FindOutput(classify.inputs.at("inputs").name), &examples}},
                {model.graph->FindOutput(classify.outputs.at("classes").name),
                 model.graph->FindOutput(classify.outputs.at("scores").name)},
                {})
          .value();
  EXPECT_THAT(values[0].strings(), ElementsAre("one", "one"));  // of 1.6 and about 1.03
  EXPECT_NEAR(values[1].data<float>()[0], 1.6f, 0.2f);
}

TEST_F(SignaturesTest, OneSignatureIsAlsoTheDefault) {
  const std::string version = Export(
                                  [](ModelBuilder&, const ModelSpec& spec) -> ExportOutputs {
                                    return {{"mine", PredictOutput(spec.predictions)}};
                                  },
                                  false)
                                  .value();
  const tf::SavedModel model = tf::LoadSavedModel(version, {"serve"}, {}).value();
  EXPECT_TRUE(model.signatures.contains("mine"));
  EXPECT_TRUE(model.signatures.contains("serving_default"));
}

TEST_F(SignaturesTest, WhatCannotBeServedIsAnErrorThatNamesIt) {
  const auto with = [](const std::string& name, const ExportOutput& output) {
    return [=](ModelBuilder&, const ModelSpec& spec) -> ExportOutputs {
      return {{name, output}, {"serving_default", PredictOutput(spec.predictions)}};
    };
  };
  EXPECT_THAT(ErrorOf([](ModelBuilder&, const ModelSpec& spec) -> ExportOutputs {
                return {{"a", RegressionOutput(spec.predictions.at("y"))}};
              }),
              HasSubstr("\"a\": tensorflow/serving/regress needs serialized tf.Example"));
  EXPECT_THAT(ErrorOf(
                  [](ModelBuilder&, const ModelSpec& spec) -> ExportOutputs {
                    return {{"a", ClassificationOutput({}, spec.predictions.at("y"))}};
                  },
                  true),
              HasSubstr("signature \"a\": classes must be string"));
  EXPECT_THAT(ErrorOf(with("b", PredictOutput({}))), HasSubstr("\"b\" has no outputs"));
  EXPECT_THAT(ErrorOf(with("c", PredictOutput({{"z", {}}}))), HasSubstr("output \"z\" is none"));
  EXPECT_THAT(ErrorOf([](ModelBuilder&, const ModelSpec& spec) -> ExportOutputs {
                return {{"a", PredictOutput(spec.predictions)},
                        {"b", PredictOutput(spec.predictions)}};
              }),
              HasSubstr("none of them is specified as the default"));
  EXPECT_THAT(ErrorOf([](ModelBuilder& model, const ModelSpec& spec) -> ExportOutputs {
                VocabularyIds(model, "/nowhere/words", {});
                return {{"a", PredictOutput(spec.predictions)}};
              }),
              HasSubstr("there is no vocabulary file /nowhere/words"));
}

}  // namespace
}  // namespace trainyard::train
