// Trains a network that reads handwritten digits: alone, or in the role that TF_CONFIG gives it.
#include <cstdio>
#include <filesystem>

#include "base/status.h"
#include "digits/flags.h"
#include "digits/model.h"
#include "train/inputs/array_input.h"
#include "train/inputs/mnist.h"
#include "train/stop_signal.h"
#include "train/train_and_evaluate.h"

using namespace trainyard;
using namespace trainyard::train;

namespace {

Result<RunConfig> MakeConfig(const digits::Flags& flags) {
  RunConfig config{.model_dir = flags.model_dir,
                   .tf_random_seed = flags.seed,
                   .save_summary_steps = flags.save_summary_steps,
                   .save_checkpoints_steps = flags.save_checkpoints_steps,
                   .step_timeout = std::chrono::seconds(flags.step_timeout_secs),
                   .bfloat16 = flags.bfloat16};
  RETURN_IF_ERROR(config.ReadEnvironment());
  return config;
}

Result<std::shared_ptr<const Input>> MakeInput(const std::string& data, MnistPart part,
                                               const ArrayInputOptions& options) {
  ASSIGN_OR_RETURN(Arrays digits, LoadMnist(data, part));
  return ArrayInput::Create(std::move(digits), options);
}

Status Run(const digits::Flags& flags, const RunConfig& config) {
  std::string data = flags.data_dir;
  if (data.empty()) {
    ASSIGN_OR_RETURN(data, digits::FindData(std::filesystem::current_path()));
  }
  ASSIGN_OR_RETURN(const auto train, MakeInput(data, MnistPart::kTrain,
                                               {.batch_size = flags.batch_size,
                                                .shuffle = true,
                                                .seed = flags.seed,
                                                .epochs = std::nullopt,
                                                .shard = ShardOf(config.task)}));
  ASSIGN_OR_RETURN(const auto test, MakeInput(data, MnistPart::kTest, {.batch_size = 1000}));

  const Estimator estimator(digits::DigitsModel({.hidden_layers = flags.hidden_layers,
                                                 .learning_rate = flags.learning_rate,
                                                 .max_steps = flags.max_steps}),
                            config);
  ASSIGN_OR_RETURN(const TrainAndEvaluateResult result,
                   TrainAndEvaluate(estimator, {.input = train, .max_steps = flags.max_steps},
                                    {.input = test,
                                     .steps = flags.eval_steps,
                                     .throttle = std::chrono::seconds(flags.throttle_secs)}));
  if (result.evaluation.has_value()) {
    std::printf("%s\n", FormatEvalResult(*result.evaluation).c_str());
  }
  if (config.is_chief() && !flags.export_dir.empty()) {
    InputSpec serving{.features = {{"image", {tf::DataType::kFloat, {-1, 28, 28, 1}}}},
                      .labels = {}};
    ASSIGN_OR_RETURN(const std::string version,
                     estimator.ExportSavedModel(flags.export_dir, serving));
    std::printf("exported to %s\n", version.c_str());
  }
  return OkStatus();
}

int WrongUse(const Status& status) {
  std::fprintf(stderr, "digits: %s\n", status.message().c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  CatchStopSignals();
  const Result<digits::Flags> flags = digits::ParseFlags({argv + 1, argv + argc});
  if (!flags.ok()) return WrongUse(flags.error());
  if (!flags->help.empty()) return std::printf("%s", flags->help.c_str()) < 0;
  const Result<RunConfig> config = MakeConfig(*flags);
  if (!config.ok()) return WrongUse(config.error());
  return ReportEnd(Run(*flags, *config));
}
