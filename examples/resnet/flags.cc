#include "resnet/flags.h"

#include <cmath>

#include <CLI/CLI.hpp>

namespace resnet {

trainyard::Result<Flags> ParseFlags(const std::vector<std::string>& arguments) {
  Flags flags;
  CLI::App app("Trains a small ResNet to tell clothes apart, alone or in any role of a cluster.",
               "resnet");
  const auto positive = CLI::Range(int64_t{1}, int64_t{1000000000});
  app.add_option("--model_dir", flags.model_dir, "Checkpoints and event files go here")
      ->capture_default_str();
  app.add_option("--data_dir", flags.data_dir,
                 "Fashion-MNIST's four files (default: .deps/fashion-mnist here or above)");
  app.add_option("--export_dir", flags.export_dir,
                 "Export the trained model below this directory (default: no export)");
  app.add_option("--max_steps", flags.model.max_steps, "Steps of the whole job")
      ->check(positive)
      ->capture_default_str();
  app.add_option("--batch_size", flags.batch_size, "Images per step")
      ->check(CLI::Range(1, 60000))
      ->capture_default_str();
  app.add_option("--learning_rate", flags.model.learning_rate,
                 "At its highest; rises to it, then falls to 0")
      ->check(CLI::Range(1e-9, 10.0))
      ->capture_default_str();
  app.add_option("--filters", flags.model.filters, "Channels of the first stage")
      ->check(CLI::Range(1, 512))
      ->capture_default_str();
  app.add_option("--blocks", flags.model.blocks, "Residual blocks per stage")
      ->check(CLI::Range(1, 32))
      ->capture_default_str();
  app.add_option("--max_shift", flags.max_shift, "Move images to train on by up to so many pixels")
      ->check(CLI::Range(0, 27))
      ->capture_default_str();
  app.add_flag("--bfloat16", flags.bfloat16, "Convolutions and matrix products in bfloat16");
  app.add_option("--seed", flags.seed, "Makes weights and order repeatable");

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
  return flags;
}

}  // namespace resnet
