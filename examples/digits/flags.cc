#include "digits/flags.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "base/files.h"

namespace digits {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  digits --max_steps 400 --export_dir out/digits/export\n"
    "  trainyard run --worker 2 --ps 1 -- digits --model_dir out/digits/model\n";

constexpr int64_t kMaxCount = 1000000000;

void AddModelFlags(CLI::App& app, ModelOptions& model) {
  app.add_option("--max_steps,--steps", model.max_steps, "Steps of the whole job")
      ->check(CLI::Range(int64_t{1}, kMaxCount))
      ->capture_default_str();
  app.add_option("--hidden_layers", model.hidden_layers, "Convolutions with pooling")
      ->check(CLI::Range(1, 4))
      ->capture_default_str();
  app.add_option("--learning_rate", model.learning_rate,
                 "Adam's rate at its highest; rises to it, then falls to 0")
      ->check(CLI::Range(1e-9, 1.0))
      ->capture_default_str();
}

void AddDirectoryFlags(CLI::App& app, Flags& flags) {
  app.add_option("--model_dir", flags.model_dir, "Checkpoints and event files go here")
      ->capture_default_str();
  app.add_option("--export_dir", flags.export_dir,
                 "Export the trained model below this directory (default: no export)");
  app.add_flag("--export_best", flags.export_best,
               "After each evaluation with a smaller loss than all before, export the model below "
               "export/best in the model directory of the process that evaluates");
  app.add_option("--data_dir", flags.data_dir,
                 "MNIST's four files (default: $TRAINYARD_DATA, or .deps/mnist here or above)");
}

void AddRunFlags(CLI::App& app, Flags& flags) {
  const auto positive = CLI::Range(int64_t{1}, kMaxCount);
  const auto not_negative = CLI::Range(int64_t{0}, kMaxCount);
  app.add_option("--batch_size", flags.batch_size, "Images per step")
      ->check(CLI::Range(1, 60000))
      ->capture_default_str();
  app.add_option("--seed", flags.seed, "Makes weights, order and dropout repeatable");
  app.add_option("--save_summary_steps", flags.save_summary_steps,
                 "Steps between points of the curves (0: no curves)")
      ->check(not_negative)
      ->capture_default_str();
  app.add_option("--save_checkpoints_steps", flags.save_checkpoints_steps,
                 "Steps between checkpoints")
      ->check(positive)
      ->capture_default_str();
  app.add_flag("--save_on_chief", flags.save_on_chief,
               "In a cluster, the chief alone writes checkpoints: no shared storage is needed");
  app.add_option("--eval_steps", flags.eval_steps,
                 "Batches per evaluation (default: all test images)")
      ->check(positive);
  app.add_option("--eval_throttle_secs", flags.eval_throttle_secs,
                 "Least seconds between evaluations")
      ->check(not_negative)
      ->capture_default_str();
  app.add_option("--step_timeout_secs", flags.step_timeout_secs,
                 "End, to be restarted, when the cluster keeps a step waiting for longer")
      ->check(positive)
      ->capture_default_str();
  app.add_option("--replicas_to_aggregate", flags.replicas_to_aggregate,
                 "With parameter servers: so many replicas' gradients make one update (0: each "
                 "replica updates by itself)")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
}

}  // namespace

trainyard::Result<Flags> ParseFlags(const std::vector<std::string>& arguments) {
  Flags flags;
  std::string precision = "float32";
  CLI::App app("Trains a network to read handwritten digits, alone or in any role of a cluster.",
               "digits");
  app.footer(kExamples);
  AddDirectoryFlags(app, flags);
  AddModelFlags(app, flags.model);
  app.add_option("--precision", precision, "Of convolutions and matrix products")
      ->check(CLI::IsMember({"float32", "bfloat16"}))
      ->capture_default_str();
  AddRunFlags(app, flags);

  // CLI11 reports by exceptions, and takes the arguments in reverse.
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    flags.help = app.help();
  } catch (const CLI::Error& error) {
    return trainyard::InvalidArgumentError("{} (see --help)", error.what());
  }
  if (std::isnan(flags.model.learning_rate)) {  // which no range refuses
    return trainyard::InvalidArgumentError("--learning_rate: Value nan not in range (see --help)");
  }
  flags.bfloat16 = precision == "bfloat16";
  return flags;
}

}  // namespace digits
