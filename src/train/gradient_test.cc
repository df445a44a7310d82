#include "train/gradient.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/initializers.h"
#include "train/optimizers.h"
#include "train/testing/quadratic.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Values;

std::vector<int64_t> Integers(ModelRunner& run, const tf::Output& output) {
  const tf::Tensor tensor = run.Fetch(output);
  const auto values = tensor.data<int64_t>();
  return {values.begin(), values.end()};
}

// A table of four rows of two.
class SparseGradientTest : public ::testing::Test {
 protected:
  SparseGradientTest() : model_(&graph_, {}), scope_(model_.scope()) {
    table_ = &model_.AddVariable("table", {4, 2}, Values({1, 2, 3, 4, 5, 6, 7, 8}));
  }
  tf::Output Ids(const std::vector<int32_t>& ids) {
    return tf::Const(scope_, tf::Tensor::FromVector(ids));
  }
  // Each row counts so many times.
  tf::Output Weighted(const tf::Output& rows, const std::vector<float>& weights) {
    const auto n = static_cast<int64_t>(weights.size());
    return tf::Sum(scope_, tf::Mul(scope_, rows, FloatsConst(model_, {n, 1}, weights)));
  }

  tf::Graph graph_;
  ModelBuilder model_;
  tf::Scope scope_;
  const Variable* table_;
};

TEST_F(SparseGradientTest, HasTheRowsThatWereReadOnceEachWithTheirSums) {
  const tf::Output loss = Weighted(model_.Lookup(*table_, Ids({3, 1, 3})), {1, 10, 100});
  const std::vector<Gradient> gradients = ComputeGradients(model_, loss);
  ASSERT_TRUE(graph_.status().ok()) << graph_.status();
  ASSERT_EQ(gradients.size(), 1u);
  ASSERT_TRUE(gradients[0].is_sparse());
  const tf::Output dense = DenseGradient(scope_, gradients[0]);
  ModelRunner run(model_);
  EXPECT_THAT(Integers(run, gradients[0].indices), ElementsAre(3, 1));
  EXPECT_THAT(run.Floats(gradients[0].value), ElementsAre(101, 101, 10, 10));
  EXPECT_THAT(run.Floats(dense), ElementsAre(0, 0, 10, 10, 0, 0, 101, 101));
}

TEST_F(SparseGradientTest, AddsUpAllLookupsOfAVariable) {
  const tf::Output ids =
      tf::Const(scope_, tf::Tensor::FromValues<int64_t>({2, 1}, std::vector<int64_t>{0, 2}));
  const tf::Output first = Weighted(model_.Lookup(*table_, Ids({0, 1})), {1, 2});
  const tf::Output second = tf::Sum(scope_, model_.Lookup(*table_, ids));
  model_.Lookup(*table_, Ids({3}));  // of no use to the loss
  const std::vector<Gradient> gradients = ComputeGradients(model_, tf::Add(scope_, first, second));
  ASSERT_TRUE(graph_.status().ok()) << graph_.status();
  ModelRunner run(model_);
  EXPECT_THAT(Integers(run, gradients[0].indices), ElementsAre(0, 1, 2));
  EXPECT_THAT(run.Floats(gradients[0].value), ElementsAre(2, 2, 2, 2, 1, 1));
}

TEST_F(SparseGradientTest, AVariableThatIsAlsoUsedAsAWholeHasADenseOne) {
  const tf::Output loss = tf::Add(scope_, Weighted(model_.Lookup(*table_, Ids({1, 1})), {1, 2}),
                                  tf::Sum(scope_, table_->value));
  const std::vector<Gradient> gradients = ComputeGradients(model_, loss);
  ASSERT_TRUE(graph_.status().ok()) << graph_.status();
  EXPECT_FALSE(gradients[0].is_sparse());
  ModelRunner run(model_);
  EXPECT_THAT(run.Floats(gradients[0].value), ElementsAre(1, 1, 4, 4, 1, 1, 1, 1));
}

TEST_F(SparseGradientTest, AVariableWhoseLookupsAreOfNoUseFailsByName) {
  const Variable& used = model_.AddVariable("used", {}, Ones());
  model_.Lookup(*table_, Ids({1}));
  EXPECT_TRUE(ComputeGradients(model_, used.value).empty());
  EXPECT_THAT(graph_.status().message(), HasSubstr("table/Read/ReadVariableOp"));
}

TEST_F(SparseGradientTest, AnIdOutsideOfTheVariableIsNamed) {
  const tf::Output rows = model_.Lookup(*table_, Ids({1, 7}));
  auto session = tf::Session::Create(graph_, {}).value();
  ASSERT_TRUE(session->Run(table_->initialize).ok());
  const auto result = session->Run({}, {rows}, {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(result.status().message(), HasSubstr("indices[1] = 7 is not in [0, 4)"));
}

TEST_F(SparseGradientTest, RowsAreReadAndUpdatedWhereTheVariableIs) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.num_ps_tasks = 2, .compute_device = "/job:worker/task:0"});
  const Variable& table = model.AddVariable("table", {4, 2}, Zeros());
  const tf::Output rows =
      model.Lookup(table, tf::Const(model.scope(), tf::Tensor::FromVector<int32_t>({1, 1})));
  Minimize(model, tf::Sum(model.scope(), rows), Adagrad({}));
  ASSERT_TRUE(graph.status().ok()) << graph.status();
  EXPECT_EQ(tf::OperationDevice(rows.op), "/job:ps/task:1");
  EXPECT_EQ(tf::OperationDevice(graph.FindOperation("train/table/ResourceSparseApplyAdagrad")),
            "/job:ps/task:1");
}

TEST(SparseUpdateTest, TheFirstStepOfEveryOptimizerMovesTheRowsThatWereRead) {
  const GradientDescent descent({});
  const Momentum momentum({});
  const Adagrad adagrad({});
  const RMSProp rmsprop({});
  const Ftrl ftrl({});
  const Adam adam({});
  const Adam lazy_adam({.lazy = true});
  const LAMB lamb({});
  for (const Optimizer* optimizer : std::initializer_list<const Optimizer*>{
           &descent, &momentum, &adagrad, &rmsprop, &ftrl, &adam, &lazy_adam, &lamb}) {
    tf::Graph graph;
    ModelBuilder model(&graph, {});
    const Variable& table = model.AddVariable("table", {3, 1}, Values({1, 2, 3}));
    const tf::Output rows =
        model.Lookup(table, tf::Const(model.scope(), tf::Tensor::FromVector<int32_t>({2, 2})));
    const tf::Operation step = Minimize(model, tf::Sum(model.scope(), rows), *optimizer);
    ModelRunner run(model);
    run.Run(step);
    const std::vector<float> values = run.Floats(table.value);
    EXPECT_EQ(values[0], 1);
    EXPECT_EQ(values[1], 2);
    EXPECT_LT(values[2], 3);
  }
}

}  // namespace
}  // namespace trainyard::train
