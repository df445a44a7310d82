// Learns who clicks on what: alone, or in any role of a cluster (TF_CONFIG).
#include <cstdio>

#include "tabular/data.h"
#include "tabular/flags.h"
#include "tabular/model.h"
#include "train/loop/stop_signal.h"
#include "train/train_and_evaluate.h"

using namespace trainyard;
using namespace trainyard::train;

namespace {

constexpr int kExitWrongUse = 2;

Status Run(const tabular::Flags& flags, const RunConfig& config) {
  ASSIGN_OR_RETURN(const tabular::Files files, tabular::MakeFiles(flags.data_dir));
  ASSIGN_OR_RETURN(const tabular::Data data, tabular::OpenData(files, flags.batch_size, config));
  tabular::ModelOptions model = flags.model;
  model.users_file = files.users;
  model.films_file = files.films;
  const Estimator estimator(tabular::ClicksModel(model), config);
  RETURN_IF_ERROR(TrainAndEvaluate(estimator, {.input = data.train, .max_steps = model.max_steps},
                                   {.input = data.test})
                      .status());
  if (flags.export_dir.empty() || !config.is_chief()) return OkStatus();
  const InputSpec serving{.features = data.test->spec().features};
  return estimator.ExportSavedModel(flags.export_dir, serving).status();
}

}  // namespace

int main(int argc, char** argv) {
  CatchStopSignals();
  const Result<tabular::Flags> flags = tabular::ParseFlags({argv + 1, argv + argc});
  if (!flags.ok()) {
    std::fprintf(stderr, "tabular: %s\n", flags.error().message().c_str());
    return kExitWrongUse;
  }
  if (!flags->help.empty()) {
    std::fputs(flags->help.c_str(), stdout);
    return 0;
  }
  RunConfig config{.model_dir = flags->model_dir,
                   .tf_random_seed = flags->seed,
                   .save_checkpoints_steps = flags->save_checkpoints_steps,
                   .save_on_chief = flags->save_on_chief,
                   .replicas_to_aggregate = flags->replicas_to_aggregate};
  if (flags->min_slice_size > 0) {
    config.partitioner = MinMaxVariablePartitioner{.min_slice_size = flags->min_slice_size};
  }
  if (const Status read = config.ReadEnvironment(); !read.ok()) {
    ReportEnd(read);
    return kExitWrongUse;
  }
  return ReportEnd(Run(*flags, config));
}
