// Chief, workers and parameter servers that train in step, in the threads of one process.
#include "train/strategies/synchronous_parameter_servers.h"

#include <gtest/gtest.h>

#include "train/optimizers.h"
#include "train/testing/training_cluster.h"

namespace trainyard::train {
namespace {

using testing::SmallNetwork;

class SynchronousParameterServersTest : public testing::TrainingCluster {
 protected:
  // The examples that n replicas take for an update are the n batches that follow in the data.
  void ExpectAsOneProcess(const std::shared_ptr<const Optimizer>& optimizer) {
    constexpr int64_t kSteps = 15;
    replicas_to_aggregate_ = 2;
    const ModelFn model = SmallNetwork(optimizer);
    const auto recorders =
        Train({{"chief", 0}, {"worker", 0}, {"ps", 0}, {"ps", 1}}, model, kSteps);
    EXPECT_EQ(recorders[0]->examples().size(), static_cast<size_t>(kSteps * kBatch));
    EXPECT_EQ(recorders[1]->examples().size(), static_cast<size_t>(kSteps * kBatch));
    ExpectNear(*recorders[0], *TrainAlone(model, 2 * kBatch, kSteps), 2e-6f);
  }
};

TEST_F(SynchronousParameterServersTest, ReplicasEndAsOneProcessWithTheBatchesOfAllWould) {
  ExpectAsOneProcess(
      std::make_shared<GradientDescent>(GradientDescentOptions{.learning_rate = 0.1}));
}

TEST_F(SynchronousParameterServersTest, WithAdamToo) {
  ExpectAsOneProcess(std::make_shared<Adam>(AdamOptions{.learning_rate = 0.01}));
}

}  // namespace
}  // namespace trainyard::train
