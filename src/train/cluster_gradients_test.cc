// Dense and sparse gradients on two parameter servers, asynchronous and synchronous, through
// servers of a cluster in this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tf/ops.h"
#include "train/initializers.h"
#include "train/optimizers.h"
#include "train/testing/in_process_cluster.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;

// A dense variable, and two tables, one on each server, of which row `id` is read.
// Variables live on in the servers, so each test has names of its own.
class ClusterModel {
 public:
  ClusterModel(const std::string& name, SynchronousReplicas synchronous)
      : model(&graph, {.num_ps_tasks = 2,
                       .compute_device = "/job:chief/task:0",
                       .synchronous = synchronous}) {
    dense = &model.AddVariable(name + "/dense", {}, Zeros());
    table = &model.AddVariable(name + "/table", {3, 1}, Zeros());
    other = &model.AddVariable(name + "/other", {3, 1}, Zeros());
    x = tf::Placeholder(model.scope(), tf::DataType::kFloat, {}, "x");
    id = tf::Placeholder(model.scope(), tf::DataType::kInt32, {1}, "id");
    const tf::Output rows = tf::Add(model.scope(), tf::Sum(model.scope(), model.Lookup(*table, id)),
                                    tf::Sum(model.scope(), model.Lookup(*other, id)));
    train_op =
        Minimize(model, tf::Mul(model.scope(), x, tf::Add(model.scope(), dense->value, rows)),
                 GradientDescent({.learning_rate = 1}));
    CHECK(graph.status().ok());
    session = tf::Session::Create(graph, {.target = testing::ChiefTarget(), .config = {}}).value();
    for (const Variable& variable : model.variables())
      CHECK(session->Run(variable.initialize).ok());
  }

  Status Step(float gradient, int32_t row, std::optional<int64_t> round = std::nullopt) {
    const auto fed_x = tf::Tensor::Scalar(gradient);
    const auto fed_id = tf::Tensor::FromVector(std::vector<int32_t>{row});
    const auto fed_round = tf::Tensor::Scalar(round.value_or(0));
    std::vector<tf::Feed> feeds = {{x, &fed_x}, {id, &fed_id}};
    if (round.has_value()) feeds.push_back({model.synchronous_update()->stamp, &fed_round});
    return session->Run(feeds, {}, std::vector{train_op}).status();
  }
  std::vector<float> Floats(const Variable& variable) {
    const std::vector<tf::Tensor> values = session->Run({}, {variable.value}, {}).value();
    const auto data = values[0].data<float>();
    return {data.begin(), data.end()};
  }

  tf::Graph graph;
  ModelBuilder model;
  const Variable* dense;
  const Variable* table;
  const Variable* other;
  tf::Output x;
  tf::Output id;
  tf::Operation train_op;
  std::unique_ptr<tf::Session> session;
};

TEST(ClusterGradientsTest, ASparseGradientChangesItsRowsOnTheParameterServer) {
  ClusterModel run("asynchronous", {});
  EXPECT_NE(run.table->device, run.other->device);
  ASSERT_EQ(run.Step(1, 0), OkStatus());
  ASSERT_EQ(run.Step(3, 2), OkStatus());
  EXPECT_THAT(run.Floats(*run.dense), ElementsAre(FloatEq(-4)));
  EXPECT_THAT(run.Floats(*run.table), ElementsAre(FloatEq(-1), FloatEq(0), FloatEq(-3)));
  EXPECT_THAT(run.Floats(*run.other), ElementsAre(FloatEq(-1), FloatEq(0), FloatEq(-3)));
}

TEST(ClusterGradientsTest, SynchronousGradientsAreAveragedOnTheParameterServers) {
  ClusterModel run("synchronous", {.to_aggregate = 2, .total = 2});
  const SynchronousUpdate& update = *run.model.synchronous_update();
  const int64_t round = testing::NextRound();
  ASSERT_EQ(run.Step(1, 0, round), OkStatus());
  ASSERT_EQ(run.Step(3, 2, round), OkStatus());
  const std::vector<tf::Tensor> count = run.session->Run({}, {update.accumulated}, {}).value();
  ASSERT_EQ(count[0].scalar<int32_t>(), 2);
  const auto required = tf::Tensor::Scalar(int32_t{2});
  ASSERT_EQ(run.session->Run({{update.num_required, &required}}, {}, {update.apply}).status(),
            OkStatus());
  EXPECT_THAT(run.Floats(*run.dense), ElementsAre(FloatEq(-2)));
  EXPECT_THAT(run.Floats(*run.table), ElementsAre(FloatEq(-0.5f), FloatEq(0), FloatEq(-1.5f)));
  EXPECT_THAT(run.Floats(*run.other), ElementsAre(FloatEq(-0.5f), FloatEq(0), FloatEq(-1.5f)));
}

}  // namespace
}  // namespace trainyard::train
