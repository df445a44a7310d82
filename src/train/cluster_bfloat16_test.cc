// What travels between a replica that trains in bfloat16 and its parameter servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tf/ops.h"
#include "tf/runtime.h"
#include "train/layers.h"
#include "train/losses.h"
#include "train/optimizers.h"
#include "train/testing/in_process_cluster.h"
#include "train/testing/traced_operations.h"

namespace trainyard::train {
namespace {

constexpr int64_t kBatch = 32;
constexpr int64_t kWidth = 256;

// A network of two dense layers, in this process or with its variables on two parameter servers.
// They live on in the servers, so each test has names of its own.
class Network {
 public:
  Network(const std::string& name, bool on_cluster, bool bfloat16,
          const MinimizeOptions& options = {})
      : model(&graph, {.seed = 5,
                       .num_ps_tasks = on_cluster ? 2 : 0,
                       .compute_device = on_cluster ? "/job:chief/task:0" : ""}),
        name_(name) {
    x = tf::Placeholder(model.scope(), tf::DataType::kFloat, {kBatch, kWidth}, "x");
    const tf::Output hidden =
        Dense(model, x, {.units = kWidth, .activation = Tanh, .name = name + "/hidden"});
    const tf::Output y = Dense(model, hidden, {.units = kWidth, .name = name + "/last"});
    loss = MeanSquaredError(model, x, y);
    train_op = Minimize(model, loss, Adam({.learning_rate = 0.01}), options);
    CHECK(graph.status().ok());
    tf::SessionOptions session_options;
    if (on_cluster) session_options.target = testing::ChiefTarget();
    session_options.config.bfloat16 = bfloat16;
    session_options.config.remapping = !bfloat16;
    session = tf::Session::Create(graph, session_options).value();
    for (const Variable& variable : model.variables()) {
      CHECK(session->Run(variable.initialize).ok());
    }
    for (int64_t i = 0; i < kBatch * kWidth; ++i) {
      fed_x.data<float>()[static_cast<size_t>(i)] = std::sin(static_cast<float>(i));
    }
  }

  float Step() {
    return session->Run({{x, &fed_x}}, {loss}, {train_op}).value()[0].scalar<float>();
  }
  std::vector<float> Floats(const std::string& variable) {
    for (const Variable& each : model.variables()) {
      if (each.name != name_ + variable) continue;
      const auto values = session->Run({}, {each.value}, {}).value();
      CHECK(values[0].dtype() == tf::DataType::kFloat);
      const auto data = values[0].data<float>();
      return {data.begin(), data.end()};
    }
    return {};
  }
  std::map<std::string, testing::TracedOperation> TraceStep() {
    std::string metadata;
    const std::vector<tf::Feed> feeds = {{x, &fed_x}};
    const std::vector<tf::Operation> targets = {train_op};
    CHECK(session->RunTraced(feeds, {}, targets, &metadata).ok());
    return testing::TracedOperations(metadata);
  }

  tf::Graph graph;
  ModelBuilder model;
  tf::Output x;
  tf::Output loss;
  tf::Operation train_op;
  std::unique_ptr<tf::Session> session;
  tf::Tensor fed_x = tf::Tensor::Allocate(tf::DataType::kFloat, {kBatch, kWidth});

 private:
  const std::string name_;
};

// What TensorFlow's rewriting calls a conversion of an operation's first output.
std::string ToBfloat16(const std::string& name) {
  return name + "-0-CastToBf16-0-AutoMixedPrecision";
}
std::string ToFloat32(const std::string& name) {
  return name + "-0-CastToFp32-0-AutoMixedPrecision";
}

TEST(ClusterBfloat16Test, KernelsAndTheirGradientsTravelAsBfloat16) {
  if (!tf::HasFastBfloat16()) GTEST_SKIP() << "no bfloat16 on this processor";
  Network run("wire16", true, true);
  const auto step = run.TraceStep();
  for (const std::string layer : {"wire16/hidden", "wire16/last"}) {
    // Read as float32, and converted before it leaves.
    const std::string read = layer + "/kernel/Read/ReadVariableOp";
    ASSERT_TRUE(step.contains(ToBfloat16(read)));
    EXPECT_EQ(step.at(read).dtype, tf::DataType::kFloat);
    EXPECT_TRUE(step.at(ToBfloat16(read)).device.starts_with("/job:ps/"));
    // Converted back where it has arrived.
    const std::string gradient = "train/" + layer + "/kernel/gradient";
    ASSERT_TRUE(step.contains(ToFloat32(gradient)));
    EXPECT_TRUE(step.at(ToFloat32(gradient)).device.starts_with("/job:ps/"));
  }
}

TEST(ClusterBfloat16Test, AReplicaInFloat32ConvertsNothing) {
  Network run("wire32", true, false);
  for (const auto& [name, operation] : run.TraceStep()) {
    EXPECT_NE(operation.dtype, tf::DataType::kBfloat16) << name;
  }
}

// Weights, loss and gradients are those of one process, whatever happens to gradients on the way.
void ExpectSameAsAlone(const std::string& name, const MinimizeOptions& options,
                       float tolerance = 0) {
  Network alone(name, false, true, options);
  Network cluster(name, true, true, options);
  for (int step = 0; step < 6; ++step) {
    EXPECT_NEAR(cluster.Step(), alone.Step(), tolerance) << step;
  }
  for (const char* variable : {"/hidden/kernel", "/hidden/bias", "/last/kernel", "/last/bias"}) {
    ASSERT_FALSE(alone.Floats(variable).empty()) << variable;
    EXPECT_THAT(cluster.Floats(variable),
                ::testing::Pointwise(::testing::FloatNear(tolerance), alone.Floats(variable)))
        << variable;
  }
}

TEST(ClusterBfloat16Test, TrainsToTheLastBitAsOneProcessDoes) { ExpectSameAsAlone("plain", {}); }

TEST(ClusterBfloat16Test, ClippedGradientsTrainAsInOneProcess) {
  // The sum behind a norm is taken in any order: the last bit may differ.
  ExpectSameAsAlone("clipped", {.clip_global_norm = 0.1}, 1e-5f);
}

TEST(ClusterBfloat16Test, AccumulatedGradientsTrainToTheLastBitAsInOneProcess) {
  ExpectSameAsAlone("accumulated", {.gradient_accumulation_steps = 2});
}

TEST(ClusterBfloat16Test, AReplicaInFloat32TrainsTheVariablesOfOneInBfloat16) {
  Network bfloat16("mixed", true, true);
  const float first = bfloat16.Step();
  Network float32("mixed", true, false);  // gives the variables their first values again
  EXPECT_NEAR(float32.Step(), first, 0.01f * first);
  for (int step = 0; step < 5; ++step) {
    bfloat16.Step();
    float32.Step();
  }
  EXPECT_LT(float32.Step(), 0.8f * first);
}

}  // namespace
}  // namespace trainyard::train
