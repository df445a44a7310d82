#include "step_times.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "train/loop/thread_choice.h"
#include "train/model_graph.h"

namespace trainyard::bench {

using namespace train;

namespace {

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

}  // namespace

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double Percentile(std::vector<double> values, int p) {
  std::sort(values.begin(), values.end());
  return values[(values.size() - 1) * static_cast<size_t>(p) / 100];
}

Status PrintStepTimes(const ModelFn& model_fn, const InputPtr& input, const StepOptions& options) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ModelGraph> model,
                   ModelGraph::Build(model_fn, input->spec(), {}));
  tf::SessionOptions session_options;
  session_options.config.bfloat16 = options.bfloat16;
  const RunConfig threads = WithThreadsFor(*model, {});
  session_options.config.intra_op_threads = threads.intra_op_threads;
  session_options.config.inter_op_threads = threads.inter_op_threads;
  ASSIGN_OR_RETURN(const std::unique_ptr<tf::Session> session,
                   tf::Session::Create(model->graph(), session_options));
  RETURN_IF_ERROR(session->Run(model->init_op()));
  RETURN_IF_ERROR(session->Run(model->tables_init_op()));
  ASSIGN_OR_RETURN(const std::unique_ptr<BatchIterator> batches, input->MakeIterator());
  const std::vector<tf::Output> fetches = {model->spec().loss, model->step_after_update()};
  std::vector<double> times;
  double first_step_ms = 0;
  for (int step = 0; step < options.warmup + options.steps; ++step) {
    const Clock::time_point start = Clock::now();
    ASSIGN_OR_RETURN(const std::optional<Batch> batch, batches->Next());
    ASSIGN_OR_RETURN(const std::vector<tf::Feed> feeds, model->Feeds(*batch));
    RETURN_IF_ERROR(session->Run(feeds, fetches, {}).status());
    const double elapsed = MillisecondsSince(start);
    if (step == 0) first_step_ms = MillisecondsSinceProcessStart();
    if (step >= options.warmup) times.push_back(elapsed);
  }
  std::printf(
      "{\"median_ms\":%.3f,\"p10_ms\":%.3f,\"p90_ms\":%.3f,\"first_step_ms_after_start\":%.0f}\n",
      Percentile(times, 50), Percentile(times, 10), Percentile(times, 90), first_step_ms);
  return OkStatus();
}

}  // namespace trainyard::bench
