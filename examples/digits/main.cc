// Trains a network to read handwritten digits: alone, or in any role of a cluster (TF_CONFIG).
#include <cstdio>

#include "digits/data.h"
#include "digits/flags.h"
#include "digits/model.h"
#include "train/loop/stop_signal.h"
#include "train/train_and_evaluate.h"

using namespace trainyard;
using namespace trainyard::train;

namespace {

constexpr int kExitWrongUse = 2;

Result<RunConfig> MakeConfig(const digits::Flags& flags) {
  RunConfig config{.model_dir = flags.model_dir,
                   .tf_random_seed = flags.seed,
                   .save_summary_steps = flags.save_summary_steps,
                   .save_checkpoints_steps = flags.save_checkpoints_steps,
                   .save_on_chief = flags.save_on_chief,
                   .step_timeout = std::chrono::seconds(flags.step_timeout_secs),
                   .replicas_to_aggregate = flags.replicas_to_aggregate,
                   .bfloat16 = flags.bfloat16,
                   .force_bfloat16 = flags.force_bfloat16};
  RETURN_IF_ERROR(config.ReadEnvironment());
  return config;
}

Status Run(const digits::Flags& flags, const RunConfig& config) {
  ASSIGN_OR_RETURN(digits::Data data, digits::LoadData(flags.data_dir, flags.batch_size, config));
  const Estimator estimator(digits::DigitsModel(flags.model), config);
  const TrainSpec train{.input = data.train, .max_steps = flags.model.max_steps};
  const InputSpec serving{.features = {{"image", {tf::DataType::kFloat, {-1, 28, 28, 1}}}}};
  EvalSpec eval{.input = data.test,
                .steps = flags.eval_steps,
                .throttle = std::chrono::seconds(flags.eval_throttle_secs)};
  if (flags.export_best) {
    eval.exporters = {BestExporter("best", serving, {.exports_to_keep = 1})};
  }
  RETURN_IF_ERROR(TrainAndEvaluate(estimator, train, eval).status());
  if (flags.export_dir.empty() || !config.is_chief()) return OkStatus();
  return estimator.ExportSavedModel(flags.export_dir, serving).status();
}

}  // namespace

int main(int argc, char** argv) {
  CatchStopSignals();
  const Result<digits::Flags> flags = digits::ParseFlags({argv + 1, argv + argc});
  if (!flags.ok()) {
    std::fprintf(stderr, "digits: %s\n", flags.error().message().c_str());
    return kExitWrongUse;
  }
  if (!flags->help.empty()) {
    std::fputs(flags->help.c_str(), stdout);
    return 0;
  }
  const Result<RunConfig> config = MakeConfig(*flags);
  if (!config.ok()) {
    ReportEnd(config.error());
    return kExitWrongUse;
  }
  return ReportEnd(Run(*flags, *config));
}
