// Lets Python's tests look at what src/train writes: trains a small model, y = 3x + 1, with
// summaries of each kind and hyperparameters, and exports it with signatures of each kind and a
// vocabulary.
//
//   train_cases DIRECTORY     writes DIRECTORY/model and DIRECTORY/export
#include <cstdio>
#include <string>

#include "base/files.h"
#include "tf/ops.h"
#include "train/estimator.h"
#include "train/hooks/profiler_hook.h"
#include "train/summaries.h"
#include "train/testing/linear_model.h"
#include "train/vocabulary.h"

namespace trainyard::train {
namespace {

void AddSummaries(ModelBuilder& model) {
  const tf::Scope& scope = model.scope();
  AddHistogramSummary(model, "weights", model.trainable_variables().front()->value);
  AddImageSummary(model, "picture", tf::Fill(scope, {2, 4, 4, 1}, 0.5f));
  AddTextSummary(model, "note", tf::Const(scope, tf::Tensor::StringScalar("**hello**")));
  model.AddScalarSummary("bias", tf::Reshape(scope, model.trainable_variables().back()->value, {}));
}

std::map<std::string, ExportOutput> Outputs(ModelBuilder& model, const tf::Output& y,
                                            const std::string& vocabulary) {
  const tf::Output id = tf::Cast(model.scope(), y, tf::DataType::kInt64);
  return {{"serving_default", PredictOutput({{"y", y}})},
          {"regression", RegressionOutput(y)},
          {"classification", ClassificationOutput(y, VocabularyWords(model, vocabulary, id))}};
}

Status Run(const std::string& directory) {
  const std::string vocabulary = JoinPath(directory, "words.txt");
  RETURN_IF_ERROR(MakeDirectories(directory));
  RETURN_IF_ERROR(WriteFileAtomically(vocabulary, "zero\none\ntwo\nthree\nfour\n"));
  const ModelFn model = [&](ModelBuilder& builder, const Features& features,
                            const tf::Output& labels) {
    ModelSpec spec = testing::LinearModel()(builder, features, labels);
    AddSummaries(builder);
    if (builder.mode() == Mode::kPredict) {
      spec.export_outputs = Outputs(builder, spec.predictions.at("y"), vocabulary);
    }
    return spec;
  };
  RunConfig config{.model_dir = JoinPath(directory, "model"), .save_summary_steps = 50};
  RETURN_IF_ERROR(config.ReadEnvironment());
  RETURN_IF_ERROR(WriteHyperparameters(config.model_dir,
                                       {{"rate", 0.5}, {"optimizer", "sgd"}, {"bias", true}}));
  const Estimator estimator(model, config);
  const auto profiler = std::make_shared<ProfilerHook>(ProfilerHook::Options{.save_steps = 100});
  RETURN_IF_ERROR(
      estimator.Train(testing::LinePoints(), {.max_steps = 300, .hooks = {profiler}}).status());
  RETURN_IF_ERROR(estimator
                      .ExportSavedModel(JoinPath(directory, "export"),
                                        ParsingServingInput(testing::LinePoints()->spec()))
                      .status());
  return RemoveRecursively(vocabulary);  // whoever loads the export finds its own copy
}

}  // namespace
}  // namespace trainyard::train

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: train_cases DIRECTORY\n", stderr);
    return 2;
  }
  const trainyard::Status status = trainyard::train::Run(argv[1]);
  if (!status.ok()) std::fprintf(stderr, "train_cases: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
