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
    "  digits --model_dir out/model --export_dir out/export\n"
    "  trainyard run --worker 2 --ps 1 -- digits --model_dir out/model\n";

constexpr int64_t kMaxCount = 1000000000;

}  // namespace

trainyard::Result<Flags> ParseFlags(const std::vector<std::string>& arguments) {
  Flags flags;
  std::string precision = "float32";
  CLI::App app(
      "Trains a small network to read handwritten digits; in the role that TF_CONFIG gives"
      " it, or alone.",
      "digits");
  app.footer(kExamples);
  app.add_option("--model_dir", flags.model_dir, "checkpoints and event files go here")->required();
  app.add_option("--export_dir", flags.export_dir, "export the trained model below this directory");
  app.add_option(
      "--data_dir", flags.data_dir,
      "the four MNIST files (default: $TRAINYARD_DATA, or the next .deps/mnist upwards)");
  app.add_option("--batch_size", flags.batch_size, "images per step")
      ->check(CLI::Range(1, 60000))
      ->capture_default_str();
  app.add_option("--max_steps,--steps", flags.max_steps, "steps of the whole job")
      ->check(CLI::Range(int64_t{1}, kMaxCount))
      ->capture_default_str();
  app.add_option("--hidden_layers", flags.hidden_layers, "convolutions with pooling")
      ->check(CLI::Range(1, 4))
      ->capture_default_str();
  app.add_option("--learning_rate", flags.learning_rate,
                 "in the first step; falls to 0 by the last")
      ->check(CLI::Range(1e-9, 1.0))
      ->capture_default_str();
  app.add_option("--seed", flags.seed, "makes a run on one machine repeatable");
  app.add_option("--precision", precision, "of convolutions and matrix products")
      ->check(CLI::IsMember({"float32", "bfloat16"}))
      ->capture_default_str();
  app.add_option("--save_summary_steps", flags.save_summary_steps, "steps between points of curves")
      ->check(CLI::Range(int64_t{1}, kMaxCount))
      ->capture_default_str();
  app.add_option("--save_checkpoints_steps", flags.save_checkpoints_steps,
                 "steps between checkpoints")
      ->check(CLI::Range(int64_t{1}, kMaxCount))
      ->capture_default_str();
  app.add_option("--eval_steps", flags.eval_steps,
                 "batches of 1000 per evaluation (default: all test images)")
      ->check(CLI::Range(int64_t{1}, kMaxCount));
  app.add_option("--throttle_secs", flags.throttle_secs, "least seconds between evaluations")
      ->check(CLI::Range(int64_t{0}, kMaxCount))
      ->capture_default_str();
  app.add_option("--step_timeout_secs", flags.step_timeout_secs,
                 "end, to be restarted, when the cluster keeps a step waiting for longer")
      ->check(CLI::Range(int64_t{1}, kMaxCount))
      ->capture_default_str();

  // CLI11 reports by exceptions, and takes the arguments in reverse.
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    flags.help = app.help();
  } catch (const CLI::Error& error) {
    return trainyard::InvalidArgumentError("{} (see --help)", error.what());
  }
  if (std::isnan(flags.learning_rate)) {  // which no range refuses
    return trainyard::InvalidArgumentError("--learning_rate: Value nan not in range (see --help)");
  }
  flags.bfloat16 = precision == "bfloat16";
  return flags;
}

trainyard::Result<std::string> FindData(const std::string& directory) {
  if (const char* from_environment = std::getenv("TRAINYARD_DATA")) return {from_environment};
  for (auto parent = std::filesystem::path(directory);; parent = parent.parent_path()) {
    const std::string candidate = parent / ".deps" / "mnist";
    if (trainyard::IsDirectory(candidate)) return candidate;
    if (parent == parent.parent_path()) break;
  }
  return trainyard::NotFoundError(
      "cannot find the MNIST data: there is no .deps/mnist in {} or above it; run 'make setup', or"
      " give --data_dir or TRAINYARD_DATA",
      directory);
}

}  // namespace digits
