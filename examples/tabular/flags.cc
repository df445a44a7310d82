#include "tabular/flags.h"

#include <cmath>

#include <CLI/CLI.hpp>

namespace tabular {

trainyard::Result<Flags> ParseFlags(const std::vector<std::string>& arguments) {
  Flags flags;
  CLI::App app("Learns who clicks on what, alone or in any role of a cluster.", "tabular");
  const auto positive = CLI::Range(int64_t{1}, int64_t{1000000000});
  const auto size = CLI::Range(int64_t{1}, int64_t{4096});
  app.add_option("--model_dir", flags.model_dir, "Checkpoints and event files go here")
      ->capture_default_str();
  app.add_option("--data_dir", flags.data_dir, "The table; what is not there is made")
      ->capture_default_str();
  app.add_option("--export_dir", flags.export_dir,
                 "Export the trained model below this directory (default: no export)");
  app.add_option("--max_steps", flags.model.max_steps, "Steps of the whole job")
      ->check(positive)
      ->capture_default_str();
  app.add_option("--batch_size", flags.batch_size, "Rows per step")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--learning_rate", flags.model.learning_rate, "Adam's first rate; falls to 0")
      ->check(CLI::Range(1e-9, 1.0))
      ->capture_default_str();
  app.add_option("--embedding_size", flags.model.embedding_size, "Numbers per user and per film")
      ->check(size)
      ->capture_default_str();
  app.add_option("--hidden_units", flags.model.hidden_units, "Size of the dense layer")
      ->check(size)
      ->capture_default_str();
  app.add_option("--save_checkpoints_steps", flags.save_checkpoints_steps, "Steps between saves")
      ->check(positive)
      ->capture_default_str();
  app.add_flag("--save_on_chief", flags.save_on_chief,
               "Cluster: the chief alone writes checkpoints; no shared directory is needed");
  app.add_option("--replicas_to_aggregate", flags.replicas_to_aggregate,
                 "Parameter servers: updates from so many replicas' gradients together; "
                 "0: each on its own")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app.add_option("--min_slice_size", flags.min_slice_size,
                 "Parameter servers: larger tables are split over them, into parts of about this "
                 "many bytes or more; 0: none is split")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40))
      ->capture_default_str();
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

}  // namespace tabular
