#include "train/strategies/variable_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/optimizers.h"
#include "train/testing/small_network.h"

namespace trainyard::train {
namespace {

using ::testing::HasSubstr;
using testing::NumberedExamples;
using testing::SmallNetwork;

struct Model {
  explicit Model(const ModelFn& function)
      : graph(ModelGraph::Build(function, NumberedExamples(4)->spec(), {.seed = 1}).value()),
        state(graph.get()) {}

  std::unique_ptr<tf::Session> NewSession() {
    return tf::Session::Create(graph->graph(), {}).value();
  }

  std::unique_ptr<ModelGraph> graph;
  VariableState state;
};

TEST(VariableStateTest, CarriesEveryVariableToAnotherSession) {
  Model model(SmallNetwork(std::make_shared<Adam>(AdamOptions{.learning_rate = 0.1})));
  const auto from = model.NewSession();
  ASSERT_TRUE(from->Run(model.graph->init_op()).ok());
  const std::vector<char> bytes = model.state.Read(from.get()).value();
  EXPECT_EQ(bytes.size(), model.state.num_bytes());

  const auto to = model.NewSession();  // whose variables have no values
  EXPECT_FALSE(model.state.Read(to.get()).ok());
  ASSERT_TRUE(model.state.Write(to.get(), bytes).ok());
  EXPECT_EQ(model.state.Read(to.get()).value(), bytes);
}

TEST(VariableStateTest, HoldsTheStepAndTheOptimizersSlots) {
  const ModelFn sgd = SmallNetwork(
      std::make_shared<GradientDescent>(GradientDescentOptions{.learning_rate = 1.0f}));
  const ModelFn adam = SmallNetwork(std::make_shared<Adam>(AdamOptions{.learning_rate = 1.0f}));
  // 4x8 + 8, 8x1 + 1, the table's 48, and the step in 8 bytes; then two moments and two powers.
  const size_t weights = 4 * (32 + 8 + 8 + 1 + 48);
  EXPECT_EQ(Model(sgd).state.num_bytes(), weights + 8);
  EXPECT_EQ(Model(adam).state.num_bytes(), 3 * weights + 8 + 2 * 4);
}

TEST(VariableStateTest, AVariableOfTextsIsRefusedByName) {
  const ModelFn with_text = [](ModelBuilder& model, const Features& features,
                               const tf::Output& labels) {
    model.AddVariable("words", {},
                      [](const tf::Scope& scope, const tf::Shape&, Seed) {
                        return tf::Const(scope, tf::Tensor::StringScalar("a"));
                      },
                      {.dtype = tf::DataType::kString, .trainable = false});
    return SmallNetwork(std::make_shared<Adam>(AdamOptions{}))(model, features, labels);
  };
  const Model model(with_text);
  EXPECT_THAT(model.graph->graph().status().message(),
              HasSubstr("variable \"words\" is not made of numbers"));
}

}  // namespace
}  // namespace trainyard::train
