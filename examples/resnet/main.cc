// Trains a small ResNet to tell clothes apart: alone, or in any role of a cluster (TF_CONFIG).
#include <cstdio>

#include "resnet/data.h"
#include "resnet/flags.h"
#include "resnet/model.h"
#include "train/loop/stop_signal.h"
#include "train/train_and_evaluate.h"

using namespace trainyard;
using namespace trainyard::train;

namespace {

constexpr int kExitWrongUse = 2;

Status Run(const resnet::Flags& flags, const RunConfig& config) {
  ASSIGN_OR_RETURN(const resnet::Data data,
                   resnet::LoadData(flags.data_dir, flags.batch_size, flags.max_shift, config));
  const Estimator estimator(resnet::ResNetModel(flags.model), config);
  const TrainSpec train{.input = data.train, .max_steps = flags.model.max_steps};
  RETURN_IF_ERROR(TrainAndEvaluate(estimator, train, {.input = data.test}).status());
  if (flags.export_dir.empty() || !config.is_chief()) return OkStatus();
  const InputSpec serving{.features = {{"image", {tf::DataType::kFloat, {-1, 28, 28, 1}}}}};
  return estimator.ExportSavedModel(flags.export_dir, serving).status();
}

}  // namespace

int main(int argc, char** argv) {
  CatchStopSignals();
  const Result<resnet::Flags> flags = resnet::ParseFlags({argv + 1, argv + argc});
  if (!flags.ok()) {
    std::fprintf(stderr, "resnet: %s\n", flags.error().message().c_str());
    return kExitWrongUse;
  }
  if (!flags->help.empty()) {
    std::fputs(flags->help.c_str(), stdout);
    return 0;
  }
  RunConfig config{.model_dir = flags->model_dir,
                   .tf_random_seed = flags->seed,
                   .save_checkpoints_steps = 1000,
                   .bfloat16 = flags->bfloat16};
  if (const Status read = config.ReadEnvironment(); !read.ok()) {
    ReportEnd(read);
    return kExitWrongUse;
  }
  return ReportEnd(Run(*flags, config));
}
