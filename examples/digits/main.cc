// Trains a network to read handwritten digits: alone, or in any role of a cluster (TF_CONFIG).
#include <cstdio>

#include <CLI/CLI.hpp>

#include "data.h"
#include "model.h"
#include "step_benchmark.h"
#include "train/stop_signal.h"
#include "train/train_and_evaluate.h"

using namespace trainyard;
using namespace trainyard::train;

namespace {

struct Flags {
  digits::ModelOptions model;
  RunConfig run{.save_summary_steps = 20, .log_step_count_steps = 100};
  std::string model_dir = "out/digits/model";
  std::string export_dir;
  std::string data_dir;
  std::string precision = "float32";
  int64_t batch_size = 100;
  int64_t save_checkpoints_steps = 200;
  int64_t eval_throttle_secs = 10;
  digits::BenchmarkOptions benchmark;
};

void AddFlags(CLI::App& app, Flags& flags) {
  const auto positive = CLI::PositiveNumber;
  app.add_option("--model_dir", flags.model_dir, "Checkpoints and event files")
      ->capture_default_str();
  app.add_option("--export_dir", flags.export_dir,
                 "Where the trained model is exported to; empty: nowhere");
  app.add_option("--data_dir", flags.data_dir,
                 "MNIST's four IDX files [$TRAINYARD_DATA, .deps/mnist]");
  app.add_option("--batch_size", flags.batch_size, "Images per step")
      ->check(positive)
      ->capture_default_str();
  app.add_option("--max_steps,--steps", flags.model.max_steps, "Steps of the whole job")
      ->check(positive)
      ->capture_default_str();
  app.add_option("--hidden_layers", flags.model.hidden_layers, "Convolutions")
      ->check(CLI::Range(1, 4))
      ->capture_default_str();
  app.add_option("--learning_rate", flags.model.learning_rate,
                 "Adam's rate at the start; falls to 0")
      ->check(positive)
      ->capture_default_str();
  app.add_option("--seed", flags.run.tf_random_seed,
                 "Makes initial weights, order and dropout repeatable");
  app.add_option("--precision", flags.precision, "Of convolutions and matrix products")
      ->check(CLI::IsMember({"float32", "bfloat16"}))
      ->capture_default_str();
  app.add_option("--save_summary_steps", flags.run.save_summary_steps,
                 "Steps between points of the curves")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--save_checkpoints_steps", flags.save_checkpoints_steps,
                 "Steps between checkpoints")
      ->check(positive)
      ->capture_default_str();
  app.add_option("--eval_throttle_secs", flags.eval_throttle_secs,
                 "Least seconds between evaluations")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  digits::AddBenchmarkFlags(app, flags.benchmark);
  app.footer("Example: digits --max_steps 400 --export_dir out/digits/export --precision bfloat16");
}

Status Run(Flags flags) {
  RunConfig& config = flags.run;
  config.model_dir = flags.model_dir;
  config.save_checkpoints_steps = flags.save_checkpoints_steps;
  config.bfloat16 = flags.precision == "bfloat16";
  RETURN_IF_ERROR(config.ReadEnvironment());
  ASSIGN_OR_RETURN(digits::Data data, digits::LoadData(flags.data_dir, flags.batch_size, config));
  if (flags.benchmark.steps > 0) {
    return digits::RunStepBenchmark(digits::DigitsModel(flags.model), *data.train, config,
                                    flags.benchmark);
  }
  const Estimator estimator(digits::DigitsModel(flags.model), config);
  RETURN_IF_ERROR(
      TrainAndEvaluate(
          estimator, {.input = data.train, .max_steps = flags.model.max_steps},
          {.input = data.test, .throttle = std::chrono::seconds(flags.eval_throttle_secs)})
          .status());
  if (flags.export_dir.empty() || !config.is_chief()) return OkStatus();
  const InputSpec serving{
      .features = {{"image", {.dtype = tf::DataType::kFloat, .shape = {-1, 28, 28, 1}}}}};
  return estimator.ExportSavedModel(flags.export_dir, serving).status();
}

}  // namespace

int main(int argc, char** argv) {
  CatchStopSignals();
  Flags flags;
  CLI::App app("Trains a network to read handwritten digits, alone or in any role of a cluster.",
               "digits");
  AddFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return ReportEnd(Run(std::move(flags)));
}
