// Measures the digits network's training step, in this process and without hooks or files. Prints
// one line of JSON: the step's times in milliseconds, and when the first step ended after the
// process was started.
//
// usage: digits_step DATA_DIR float32|bfloat16 BATCH_SIZE STEPS WARMUP
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

#include "digits/model.h"
#include "train/inputs/array_input.h"
#include "train/inputs/mnist.h"
#include "train/model_graph.h"

using namespace trainyard;
using namespace trainyard::train;
using Clock = std::chrono::steady_clock;

namespace {

struct Options {
  std::string data_dir;
  bool bfloat16 = false;
  int64_t batch_size = 100;
  int steps = 80;
  int warmup = 15;
};

// Since the kernel started this process: loading the libraries counts.
double MillisecondsSinceProcessStart() {
  unsigned long long start_ticks = 0;
  if (FILE* file = std::fopen("/proc/self/stat", "r")) {
    // The 22nd field; the second is the program's name in parentheses.
    const int read = std::fscanf(file,
                                 "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u "
                                 "%*d %*d %*d %*d %*d %*d %llu",
                                 &start_ticks);
    if (read != 1) start_ticks = 0;
    std::fclose(file);
  }
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  constexpr double kTickMs = 10;  // the kernel tells start times in 1/100 s
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6 -
         static_cast<double>(start_ticks) * kTickMs;
}

Status Measure(const Options& options) {
  ASSIGN_OR_RETURN(Arrays digits, LoadMnist(options.data_dir, MnistPart::kTrain));
  ASSIGN_OR_RETURN(const std::unique_ptr<ArrayInput> input,
                   ArrayInput::Create(std::move(digits), {.batch_size = options.batch_size,
                                                          .shuffle = true,
                                                          .epochs = std::nullopt}));
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelGraph> model,
                   ModelGraph::Build(digits::DigitsModel({}), input->spec(), {}));
  tf::SessionOptions session_options;
  session_options.config.bfloat16 = options.bfloat16;
  ASSIGN_OR_RETURN(const std::unique_ptr<tf::Session> session,
                   tf::Session::Create(model->graph(), session_options));
  RETURN_IF_ERROR(session->Run(model->init_op()));
  ASSIGN_OR_RETURN(const std::unique_ptr<BatchIterator> batches, input->MakeIterator());
  const std::vector<tf::Output> fetches = {model->spec().loss, model->step_after_update()};
  std::vector<double> times;
  double first_step_ms = 0;
  for (int step = 0; step < options.warmup + options.steps; ++step) {
    const Clock::time_point start = Clock::now();
    ASSIGN_OR_RETURN(const std::optional<Batch> batch, batches->Next());
    ASSIGN_OR_RETURN(const std::vector<tf::Feed> feeds, model->Feeds(*batch));
    RETURN_IF_ERROR(session->Run(feeds, fetches, {}).status());
    const std::chrono::duration<double, std::milli> elapsed = Clock::now() - start;
    if (step == 0) first_step_ms = MillisecondsSinceProcessStart();
    if (step >= options.warmup) times.push_back(elapsed.count());
  }
  std::sort(times.begin(), times.end());
  const auto percentile = [&](size_t p) { return times[(times.size() - 1) * p / 100]; };
  std::printf(
      "{\"median_ms\":%.3f,\"p10_ms\":%.3f,\"p90_ms\":%.3f,\"first_step_ms_after_start\":%.0f}\n",
      percentile(50), percentile(10), percentile(90), first_step_ms);
  return OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: digits_step DATA_DIR float32|bfloat16 BATCH_SIZE STEPS WARMUP\n");
    return 2;
  }
  const Options options{.data_dir = argv[1],
                        .bfloat16 = std::string(argv[2]) == "bfloat16",
                        .batch_size = std::atoi(argv[3]),
                        .steps = std::max(std::atoi(argv[4]), 1),
                        .warmup = std::atoi(argv[5])};
  const Status status = Measure(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "digits_step: %s\n", status.message().c_str());
  return 1;
}
