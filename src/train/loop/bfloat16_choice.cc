#include "train/loop/bfloat16_choice.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <vector>

#include "tf/ops.h"
#include "tf/session.h"

namespace trainyard::train {
namespace {

constexpr int kWarmUps = 2;
constexpr int kRuns = 7;
const tf::Shape kImages = {32, 14, 14, 32};
const tf::Shape kFilters = {5, 5, 32, 32};
const tf::Shape kRows = {256, 1024};
const tf::Shape kWeights = {1024, 1024};

// Work of both kinds in one type. What it is done to is fed and what comes of it is fetched, so
// that TensorFlow neither computes it ahead of time nor finds that nobody needs it.
struct Work {
  std::vector<tf::Output> results;
  double best_ms = std::numeric_limits<double>::infinity();
};

Work AddWork(const tf::Scope& scope, tf::DataType type, const std::vector<tf::Output>& inputs) {
  std::vector<tf::Output> typed;
  for (const tf::Output& input : inputs) typed.push_back(tf::Cast(scope, input, type));
  const tf::Output convolved = scope.Op("Conv2D")
                                   .In(typed[0])
                                   .In(typed[1])
                                   .Ints("strides", {1, 1, 1, 1})
                                   .String("padding", "SAME")
                                   .Out();
  const tf::Output product = scope.Op("MatMul").In(typed[2]).In(typed[3]).Out();
  return {.results = {tf::Cast(scope, convolved, tf::DataType::kFloat),
                      tf::Cast(scope, product, tf::DataType::kFloat)}};
}

}  // namespace

Result<Bfloat16Timing> MeasureBfloat16(int intra_op_threads, int inter_op_threads) {
  tf::Graph graph;
  const tf::Scope root(&graph);
  std::vector<tf::Output> inputs;
  std::vector<tf::Tensor> values;
  for (const tf::Shape& shape : {kImages, kFilters, kRows, kWeights}) {
    inputs.push_back(tf::Placeholder(root, tf::DataType::kFloat, shape, "input"));
    values.push_back(tf::Tensor::Allocate(tf::DataType::kFloat, shape));
    std::ranges::fill(values.back().data<float>(), 0.5f);
  }
  Work float32 = AddWork(root.Named("float32"), tf::DataType::kFloat, inputs);
  Work bfloat16 = AddWork(root.Named("bfloat16"), tf::DataType::kBfloat16, inputs);
  RETURN_IF_ERROR(graph.status());
  tf::SessionOptions options;
  options.config.intra_op_threads = intra_op_threads;
  options.config.inter_op_threads = inter_op_threads;
  ASSIGN_OR_RETURN(const std::unique_ptr<tf::Session> session, tf::Session::Create(graph, options));
  std::vector<tf::Feed> feeds;
  for (size_t i = 0; i < inputs.size(); ++i) feeds.push_back({inputs[i], &values[i]});
  // In turns, so that what else the machine does hits both.
  for (int run = 0; run < kWarmUps + kRuns; ++run) {
    for (Work* work : {&float32, &bfloat16}) {
      const auto start = std::chrono::steady_clock::now();
      RETURN_IF_ERROR(session->Run(feeds, work->results, {}).status());
      const std::chrono::duration<double, std::milli> taken =
          std::chrono::steady_clock::now() - start;
      if (run >= kWarmUps) work->best_ms = std::min(work->best_ms, taken.count());
    }
  }
  return Bfloat16Timing{.float32_ms = float32.best_ms, .bfloat16_ms = bfloat16.best_ms};
}

Bfloat16Choice ChooseBfloat16(const Result<Bfloat16Timing>& timing) {
  if (!timing.ok()) {
    return {.use = false,
            .reason = fmt::format("cannot compute in bfloat16 here ({}): training in float32",
                                  timing.status().message())};
  }
  const bool use = timing->bfloat16_ms < timing->float32_ms;
  return {.use = use,
          .reason = fmt::format("bfloat16 is {} on this processor ({:.1f} ms against {:.1f}): "
                                "training in {}",
                                use ? "faster" : "not faster", timing->bfloat16_ms,
                                timing->float32_ms, use ? "bfloat16" : "float32")};
}

}  // namespace trainyard::train
