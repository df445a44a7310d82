// What this machine's cores multiply at most, by TensorFlow's own kernel: a chain of products of
// square float32 matrices. Prints one line of JSON.
//
// usage: matmul_rate float32|bfloat16 SIZE RUNS
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "step_times.h"
#include "tf/ops.h"
#include "tf/session.h"

using namespace trainyard;

namespace {

constexpr int kProducts = 6;  // in one run: the casts and the hand-over to the session hardly count

Status Measure(bool bfloat16, int64_t size, int runs) {
  tf::Graph graph;
  const tf::Scope scope(&graph);
  const tf::Output matrix = tf::Placeholder(scope, tf::DataType::kFloat, {size, size}, "matrix");
  const tf::DataType type = bfloat16 ? tf::DataType::kBfloat16 : tf::DataType::kFloat;
  const tf::Output factor = tf::Cast(scope, matrix, type);
  tf::Output product = factor;
  for (int i = 0; i < kProducts; ++i) {
    product = scope.Op("MatMul").In(product).In(factor).Out();
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<tf::Session> session, tf::Session::Create(graph, {}));
  // Values that neither grow nor vanish from product to product.
  tf::Tensor values = tf::Tensor::Allocate(tf::DataType::kFloat, {size, size});
  uint32_t random = 1;
  for (float& value : values.data<float>()) {
    random = random * 1664525u + 1013904223u;
    value = (static_cast<float>(random >> 8) / 8388608.0f - 1.0f) *
            std::sqrt(3.0f / static_cast<float>(size));
  }
  const std::vector<tf::Feed> feeds = {{matrix, &values}};
  const std::vector<tf::Operation> targets = {product.op};
  std::vector<double> rates;
  for (int run = 0; run <= runs; ++run) {
    const bench::Clock::time_point start = bench::Clock::now();
    RETURN_IF_ERROR(session->Run(feeds, {}, targets).status());
    const double operations = 2.0 * kProducts * std::pow(static_cast<double>(size), 3);
    if (run > 0) rates.push_back(operations / bench::MillisecondsSince(start) / 1e6);
  }
  std::printf("{\"gflops\":%.1f}\n", bench::Percentile(rates, 50));
  return OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: matmul_rate float32|bfloat16 SIZE RUNS\n");
    return 2;
  }
  const Status status = Measure(std::string(argv[1]) == "bfloat16", std::max(std::atoi(argv[2]), 1),
                                std::max(std::atoi(argv[3]), 1));
  if (status.ok()) return 0;
  std::fprintf(stderr, "matmul_rate: %s\n", status.message().c_str());
  return 1;
}
