#include "step_benchmark.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "train/model_graph.h"

namespace digits {

using namespace trainyard;
using namespace trainyard::train;
using Clock = std::chrono::steady_clock;

namespace {

double Milliseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// Since the kernel started this process: loading the libraries counts.
double MillisecondsSinceProcessStart() {
  FILE* file = std::fopen("/proc/self/stat", "r");
  unsigned long long start_ticks = 0;
  if (file != nullptr) {
    // The 22nd field; the second is the program's name in parentheses.
    if (std::fscanf(file,
                    "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
                    "%*d %*d %*d %llu",
                    &start_ticks) != 1) {
      start_ticks = 0;
    }
    std::fclose(file);
  }
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const double uptime_ms =
      static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
  return uptime_ms - static_cast<double>(start_ticks) * 10.0;  // the kernel counts in 1/100 s
}

}  // namespace

void AddBenchmarkFlags(CLI::App& app, BenchmarkOptions& options) {
  app.add_option("--benchmark_steps", options.steps, "Only measure this many steps")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--benchmark_warmup", options.warmup, "Steps before the measured ones")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

Status RunStepBenchmark(const ModelFn& model_fn, const Input& input, const RunConfig& config,
                        const BenchmarkOptions& options) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelGraph> model,
                   ModelGraph::Build(model_fn, input.spec(),
                                     {.mode = Mode::kTrain, .seed = config.tf_random_seed}));
  tf::SessionOptions session_options;
  session_options.config.bfloat16 = config.bfloat16;
  session_options.config.intra_op_threads = config.intra_op_threads;
  session_options.config.inter_op_threads = config.inter_op_threads;
  ASSIGN_OR_RETURN(const std::unique_ptr<tf::Session> session,
                   tf::Session::Create(model->graph(), session_options));
  RETURN_IF_ERROR(session->Run(model->init_op()));
  ASSIGN_OR_RETURN(const std::unique_ptr<BatchIterator> batches, input.MakeIterator());
  const std::vector<tf::Output> fetches = {model->spec().loss, model->step_after_update()};
  std::vector<double> times;
  double first_step_ms = 0;
  for (int step = 0; step < options.warmup + options.steps; ++step) {
    const Clock::time_point start = Clock::now();
    ASSIGN_OR_RETURN(const std::optional<Batch> batch, batches->Next());
    if (!batch.has_value()) break;
    RETURN_IF_ERROR(session->Run(model->Feeds(*batch), fetches, {}).status());
    if (step == 0) first_step_ms = MillisecondsSinceProcessStart();
    if (step >= options.warmup) times.push_back(Milliseconds(Clock::now() - start));
  }
  if (times.empty()) return OutOfRangeError("there is not enough data for the benchmark's steps");
  std::sort(times.begin(), times.end());
  const auto percentile = [&](size_t p) { return times[(times.size() - 1) * p / 100]; };
  std::printf(
      "{\"median_ms\":%.3f,\"p10_ms\":%.3f,\"p90_ms\":%.3f,\"first_step_ms_after_start\":%.0f}\n",
      percentile(50), percentile(10), percentile(90), first_step_ms);
  return OkStatus();
}

}  // namespace digits
