// The ceiling of any server: the model's own session, called in a loop by so many threads side by
// side, each with an input of its own. Prints one line of JSON: calls_per_s, microseconds (of a
// call, median).
//
// usage: session_rate MODEL_DIRECTORY BATCH THREADS SECONDS [SIGNATURE]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "tf/saved_model.h"

using namespace trainyard;
using Clock = std::chrono::steady_clock;

namespace {

struct Bound {
  std::vector<tf::Output> inputs;
  std::vector<tf::Tensor> values;
  std::vector<tf::Output> outputs;
};

// Inputs of ones, with `batch` for every unknown size.
Result<Bound> Bind(const tf::SavedModel& model, const std::string& name, int64_t batch) {
  const auto found = model.signatures.find(name);
  if (found == model.signatures.end()) return NotFoundError("no signature {}", name);
  Bound bound;
  for (const auto& [alias, info] : found->second.inputs) {
    tf::Shape shape = info.shape;
    std::replace(shape.begin(), shape.end(), int64_t{-1}, batch);
    if (info.dtype != tf::DataType::kFloat) return UnimplementedError("{} is not float", alias);
    tf::Tensor value = tf::Tensor::Allocate(info.dtype, shape);
    std::ranges::fill(value.data<float>(), 1.0f);
    bound.values.push_back(std::move(value));
    bound.inputs.push_back(model.graph->FindOutput(info.name));
  }
  for (const auto& [alias, info] : found->second.outputs) {
    bound.outputs.push_back(model.graph->FindOutput(info.name));
  }
  return bound;
}

Status CallUntil(tf::Session& session, const Bound& bound, Clock::time_point end,
                 std::vector<double>* microseconds) {
  std::vector<tf::Feed> feeds;
  for (size_t i = 0; i < bound.inputs.size(); ++i) {
    feeds.push_back({bound.inputs[i], &bound.values[i]});
  }
  for (Clock::time_point now = Clock::now(); now < end;) {
    RETURN_IF_ERROR(session.Run(feeds, bound.outputs, {}).status());
    const Clock::time_point then = std::exchange(now, Clock::now());
    microseconds->push_back(std::chrono::duration<double, std::micro>(now - then).count());
  }
  return OkStatus();
}

Status Main(int argc, char** argv) {
  const size_t threads = static_cast<size_t>(std::max(1, std::atoi(argv[3])));
  const std::chrono::duration<double> length(std::atof(argv[4]));
  ASSIGN_OR_RETURN(
      const tf::SavedModel model,
      tf::LoadSavedModel(argv[1], {"serve"},
                         {.intra_op_threads = 1, .inter_op_threads = tf::kCallerThread}));
  ASSIGN_OR_RETURN(const Bound bound,
                   Bind(model, argc == 6 ? argv[5] : "serving_default", std::atoi(argv[2])));
  std::vector<double> warmup;
  RETURN_IF_ERROR(
      CallUntil(*model.session, bound, Clock::now() + std::chrono::milliseconds(300), &warmup));
  std::vector<std::vector<double>> times(threads);
  std::vector<Status> problems(threads);
  {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(length);
    std::vector<std::jthread> callers;
    for (size_t i = 0; i < threads; ++i) {
      callers.emplace_back(
          [&, i] { problems[i] = CallUntil(*model.session, bound, end, &times[i]); });
    }
  }
  std::vector<double> all;
  for (size_t i = 0; i < threads; ++i) {
    RETURN_IF_ERROR(problems[i]);
    all.insert(all.end(), times[i].begin(), times[i].end());
  }
  std::nth_element(all.begin(), all.begin() + static_cast<ptrdiff_t>(all.size() / 2), all.end());
  const nlohmann::json report = {{"calls_per_s", static_cast<double>(all.size()) / length.count()},
                                 {"microseconds", all[all.size() / 2]}};
  std::puts(report.dump().c_str());
  return OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::fprintf(stderr, "usage: session_rate MODEL_DIRECTORY BATCH THREADS SECONDS [SIGNATURE]\n");
    return 2;
  }
  const Status status = Main(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "session_rate: %s\n", status.message().c_str());
  return 1;
}
