// What a step sends to and from parameter servers, and that it is the same step still.
#include "train/internal/pack_transfers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tf/edges.h"
#include "tf/ops.h"
#include "train/layers.h"
#include "train/losses.h"
#include "train/optimizers.h"
#include "train/testing/in_process_cluster.h"

namespace trainyard::train {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int64_t kBatch = 8;
constexpr int64_t kWidth = 6;
constexpr char kReplica[] = "/job:chief/task:0";

struct NetworkOptions {
  bool on_cluster = true;
  bool packed = true;
  int64_t hidden_units = 5;
  MinimizeOptions minimize = {};
};

// Dense layers, batch normalisation and a table, whose ids go to the parameter servers and whose
// rows come back within a step. Variables live on in the servers, so each test has names of its
// own.
class Network {
 public:
  Network(const std::string& name, const NetworkOptions& options)
      : model(&graph, {.seed = 5,
                       .num_ps_tasks = options.on_cluster ? 2 : 0,
                       .compute_device = options.on_cluster ? kReplica : ""}) {
    const tf::Scope& scope = model.scope();
    x = tf::Placeholder(scope, tf::DataType::kFloat, {kBatch, kWidth}, "x");
    ids = tf::Placeholder(scope, tf::DataType::kInt32, {kBatch}, "ids");
    tf::Output h =
        Dense(model, x, {.units = options.hidden_units, .activation = Tanh, .name = name + "/a"});
    h = Dense(model, BatchNorm(model, h, {.name = name + "/norm"}),
              {.units = kWidth, .name = name + "/b"});
    h = tf::Add(
        scope, h,
        Embedding(model, ids, {.input_dim = 10, .output_dim = kWidth, .name = name + "/table"}));
    loss = MeanSquaredError(model, x, h);
    train_op = Minimize(model, loss, Adam({.learning_rate = ExponentialDecay(0.1, 2, 0.5)}),
                        options.minimize);
    if (options.packed) internal::PackTransfers(model, train_op);
    tf::SessionOptions session_options;
    if (options.on_cluster) session_options.target = testing::ChiefTarget();
    session = tf::Session::Create(graph, session_options).value();
    for (const Variable& variable : model.variables()) {
      CHECK(session->Run(variable.initialize).ok());
    }
    for (size_t i = 0; i < kBatch * kWidth; ++i) {
      fed_x.data<float>()[i] = std::sin(static_cast<float>(i));
    }
  }

  float Step() {
    const std::vector<tf::Feed> feeds = {{x, &fed_x}, {ids, &fed_ids}};
    const std::vector<tf::Output> fetches = {loss};
    const std::vector<tf::Operation> targets = {train_op};
    return session->Run(feeds, fetches, targets).value()[0].scalar<float>();
  }
  // The bytes of all variables, in their order.
  std::vector<std::string> Variables() {
    std::vector<std::string> all;
    for (const Variable& variable : model.variables()) {
      const auto values = session->Run({}, {variable.value}, {}).value();
      all.emplace_back(static_cast<const char*>(values[0].raw()), values[0].num_bytes());
    }
    return all;
  }
  // The names of what the step sends from, or to, a parameter server.
  std::set<std::string> Sent(bool from_server, int task) {
    const std::string server = fmt::format("/job:ps/task:{}", task);
    const auto behind = tf::OperationsBehind({train_op});
    std::set<std::string> sent;
    for (const tf::Operation op : tf::OperationsOf(graph)) {
      if (!behind.contains(op)) continue;
      for (const tf::Edge& edge : tf::InputsOf(op)) {
        const tf::Operation at_server = from_server ? edge.source.op : op;
        const tf::Operation at_replica = from_server ? op : edge.source.op;
        if (tf::OperationDevice(at_server) != server) continue;
        if (tf::OperationDevice(at_replica).starts_with("/job:ps")) continue;
        if (tf::OperationType(edge.source.op) == "Const") continue;
        sent.insert(tf::OutputName(edge.source));
      }
    }
    return sent;
  }

  tf::Graph graph;
  ModelBuilder model;
  tf::Output x;
  tf::Output ids;
  tf::Output loss;
  tf::Operation train_op;
  std::unique_ptr<tf::Session> session;
  tf::Tensor fed_x = tf::Tensor::Allocate(tf::DataType::kFloat, {kBatch, kWidth});
  tf::Tensor fed_ids = tf::Tensor::FromVector<int32_t>({0, 1, 2, 3, 4, 5, 6, 9});
};

void ExpectSameTraining(Network& a, Network& b) {
  for (int step = 0; step < 4; ++step) EXPECT_EQ(a.Step(), b.Step()) << step;
  const std::vector<std::string> expected = a.Variables();
  const std::vector<std::string> values = b.Variables();
  ASSERT_EQ(expected.size(), values.size());
  size_t i = 0;
  for (const Variable& variable : b.model.variables()) {
    EXPECT_TRUE(expected[i] == values[i]) << variable.name << " differs";
    ++i;
  }
}

TEST(PackTransfersTest, OneMessageEachWayHasAllThatIsSmall) {
  Network apart("apart", {.packed = false});
  EXPECT_EQ(apart.Sent(true, 0).size(), 4u);
  EXPECT_EQ(apart.Sent(false, 0).size(), 5u);
  Network packed("packed", {});
  EXPECT_THAT(packed.Sent(true, 0), ElementsAre(StartsWith("train/transfers/ConcatV2")));
  EXPECT_THAT(packed.Sent(false, 0), ElementsAre(StartsWith("train/transfers/ConcatV2")));
}

TEST(PackTransfersTest, WhatIsLargeTravelsByItself) {
  const int64_t large = internal::kMaxPackedBytes / 4 / kWidth + 1;
  Network run("large", {.hidden_units = large});
  std::set<std::string> sent = run.Sent(true, 0);
  sent.merge(run.Sent(true, 1));
  EXPECT_THAT(sent, Contains("large/a/kernel/Read/ReadVariableOp:0"));
  EXPECT_THAT(sent, Contains("large/b/kernel/Read/ReadVariableOp:0"));
  EXPECT_THAT(sent, Not(Contains("large/b/bias/Read/ReadVariableOp:0")));
}

TEST(PackTransfersTest, WhatDependsOnAnAnswerWithinTheStepIsNotWaitedFor) {
  // The ids go to the table, from which rows come back, of which the gradients are made.
  Network run("answer", {});
  std::set<std::string> sent = run.Sent(false, 0);
  sent.merge(run.Sent(false, 1));
  EXPECT_THAT(sent, Contains("ids:0"));
}

TEST(PackTransfersTest, TrainsToTheLastBitAsOneProcessDoes) {
  Network alone("same", {.on_cluster = false});
  Network cluster("same", {});
  ExpectSameTraining(alone, cluster);
}

TEST(PackTransfersTest, AStepThatIsOneOfSeveralForAnUpdateStillMovesItsStatistics) {
  const MinimizeOptions accumulate = {.gradient_accumulation_steps = 2};
  Network alone("micro", {.on_cluster = false, .minimize = accumulate});
  Network cluster("micro", {.minimize = accumulate});
  ExpectSameTraining(alone, cluster);
}

TEST(PackTransfersTest, NothingIsAddedInOneProcess) {
  Network run("one", {.on_cluster = false});
  for (const tf::Operation op : tf::OperationsOf(run.graph)) {
    EXPECT_FALSE(tf::OperationName(op).starts_with("train/transfers")) << tf::OperationName(op);
  }
}

}  // namespace
}  // namespace trainyard::train
