// Times the training step of the tabular example; see step_times.h. Makes the example's table in
// DATA_DIR if it is not there.
//
// usage: tabular_step DATA_DIR BATCH_SIZE STEPS WARMUP
#include <algorithm>
#include <cstdio>

#include "step_times.h"
#include "tabular/data.h"
#include "tabular/model.h"

using namespace trainyard;

namespace {

Status Measure(const char* data_dir, int64_t batch_size, const bench::StepOptions& options) {
  ASSIGN_OR_RETURN(const tabular::Files files, tabular::MakeFiles(data_dir));
  ASSIGN_OR_RETURN(const tabular::Data data, tabular::OpenData(files, batch_size, {}));
  const tabular::ModelOptions model{.users_file = files.users, .films_file = files.films};
  return bench::PrintStepTimes(tabular::ClicksModel(model), data.train, options);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: tabular_step DATA_DIR BATCH_SIZE STEPS WARMUP\n");
    return 2;
  }
  const Status status =
      Measure(argv[1], std::atoi(argv[2]),
              {.steps = std::max(std::atoi(argv[3]), 1), .warmup = std::atoi(argv[4])});
  if (status.ok()) return 0;
  std::fprintf(stderr, "tabular_step: %s\n", status.message().c_str());
  return 1;
}
