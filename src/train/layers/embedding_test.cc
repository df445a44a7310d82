#include "train/layers/embedding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "train/gradient.h"
#include "train/optimizers.h"
#include "train/testing/quadratic.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using testing::ExpectNear;
using ::testing::HasSubstr;
using testing::Values;

const EmbeddingOptions kSmall{
    .input_dim = 3, .output_dim = 2, .embeddings_initializer = Values({1, 2, 3, 4, 5, 6})};

tf::Output Ids(const ModelBuilder& model, const tf::Shape& shape, const std::vector<int32_t>& ids) {
  return tf::Const(model.scope(), tf::Tensor::FromValues<int32_t>(shape, ids));
}

TEST(EmbeddingTest, LooksUpOneVectorPerId) {
  for (const bool sparse : {true, false}) {
    tf::Graph graph;
    ModelBuilder model(&graph, {});
    EmbeddingOptions options = kSmall;
    options.sparse_gradient = sparse;
    const tf::Output flat = Embedding(model, Ids(model, {3}, {2, 0, 2}), options);
    const tf::Output nested = Embedding(model, Ids(model, {2, 1}, {1, 0}), options);
    ModelRunner run(model);
    EXPECT_THAT(run.Floats(flat), ElementsAre(5, 6, 1, 2, 5, 6));
    EXPECT_EQ(run.Fetch(nested).shape(), (tf::Shape{2, 1, 2}));
    EXPECT_EQ(model.variables()[1].name, "embedding/embeddings");
    EXPECT_EQ(model.variables()[2].name, "embedding_1/embeddings");
  }
}

TEST(EmbeddingTest, CombinesTheVectorsOfAnExample) {
  const double root = std::sqrt(2);
  const std::pair<Combiner, std::vector<double>> cases[] = {
      {Combiner::kSum, {6, 8, 2, 4}},
      {Combiner::kMean, {3, 4, 1, 2}},
      {Combiner::kSqrtN, {6 / root, 8 / root, 2 / root, 4 / root}}};
  for (const auto& [combiner, expected] : cases) {
    tf::Graph graph;
    ModelBuilder model(&graph, {});
    EmbeddingOptions options = kSmall;
    options.combiner = combiner;
    const tf::Output y = Embedding(model, Ids(model, {2, 2}, {0, 2, 0, 0}), options);
    ModelRunner run(model);
    EXPECT_EQ(run.Fetch(y).shape(), (tf::Shape{2, 2}));
    ExpectNear(run.Floats(y), expected);
  }
}

TEST(EmbeddingTest, IdsOfAnyIntegerTypeWillDo) {
  tf::Graph graph;
  ModelBuilder model(&graph, {});
  const tf::Output ids = tf::Const(model.scope(), tf::Tensor::FromVector<uint8_t>({1}));
  const tf::Output y = Embedding(model, ids, kSmall);
  ModelRunner run(model);
  EXPECT_THAT(run.Floats(y), ElementsAre(3, 4));
}

// The loss's derivative with respect to each number of the table, by moving it.
TEST(EmbeddingTest, SparseAndDenseGradientsAgreeWithCentralDifferences) {
  for (const Combiner combiner : {Combiner::kSum, Combiner::kMean, Combiner::kSqrtN}) {
    for (const bool sparse : {true, false}) {
      tf::Graph graph;
      ModelBuilder model(&graph, {});
      EmbeddingOptions options = kSmall;
      options.combiner = combiner;
      options.sparse_gradient = sparse;
      const tf::Output y = Embedding(model, Ids(model, {3, 2}, {0, 2, 0, 0, 2, 0}), options);
      const tf::Output loss =
          tf::Sum(model.scope(), tf::Mul(model.scope(), tf::Mul(model.scope(), y, y),
                                         FloatsConst(model, {3, 2}, {1, -2, 0.5, 1, 3, 0.25})));
      const std::vector<Gradient> gradients = ComputeGradients(model, loss);
      ASSERT_TRUE(graph.status().ok()) << graph.status();
      EXPECT_EQ(gradients[0].is_sparse(), sparse);
      const tf::Output dense = DenseGradient(model.scope(), gradients[0]);
      const Variable& table = *gradients[0].variable;
      const tf::Output moved =
          tf::Placeholder(model.scope(), tf::DataType::kFloat, table.shape, "moved");
      const tf::Operation assign =
          model.scope().Op("AssignVariableOp").In(table.handle).In(moved).Finish();
      ModelRunner run(model);
      const std::vector<float> analytic = run.Floats(dense);
      const std::vector<float> at = run.Floats(table.value);
      for (size_t i = 0; i < at.size(); ++i) {
        float side[2];
        for (int s = 0; s < 2; ++s) {
          std::vector<float> values = at;
          values[i] += s == 0 ? -0.01f : 0.01f;
          const auto fed = tf::Tensor::FromValues<float>(table.shape, values);
          run.Run(assign, {{moved, &fed}});
          side[s] = run.Float(loss);
        }
        EXPECT_NEAR(analytic[i], (side[1] - side[0]) / 0.02f, 0.05) << i;
      }
    }
  }
}

TEST(EmbeddingTest, AnIdThatIsNotInTheTableIsNamed) {
  for (const bool sparse : {true, false}) {
    tf::Graph graph;
    ModelBuilder model(&graph, {});
    EmbeddingOptions options = kSmall;
    options.sparse_gradient = sparse;
    const tf::Output y = Embedding(model, Ids(model, {2, 1}, {1, -1}), options);
    auto session = tf::Session::Create(graph, {}).value();
    ASSERT_TRUE(session->Run(model.variables()[1].initialize).ok());
    const auto result = session->Run({}, {y}, {});
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.status().message(), HasSubstr("indices[1,0] = -1 is not in [0, 3)"));
  }
}

TEST(EmbeddingTest, BadOptionsAndShapesFailByName) {
  const auto message = [](const EmbeddingOptions& options, const tf::Shape& shape) {
    tf::Graph graph;
    ModelBuilder model(&graph, {});
    const std::vector<int32_t> ids(static_cast<size_t>(tf::NumElements(shape)));
    Embedding(model, Ids(model, shape, ids), options);
    return graph.status().message();
  };
  EXPECT_EQ(message({.output_dim = 2}, {1}),
            "input_dim of embedding/Lookup is 0: it must be at least 1");
  EXPECT_EQ(message({.input_dim = 2}, {1}),
            "output_dim of embedding/Lookup is 0: it must be at least 1");
  EXPECT_THAT(message(kSmall, {1, 1, 1}),
              HasSubstr("embedding/Lookup needs ids [batch] or [batch,n], but \"Const:0\" is"));
  EmbeddingOptions combining = kSmall;
  combining.combiner = Combiner::kMean;
  EXPECT_THAT(message(combining, {1}), HasSubstr("needs ids [batch,n] of a known n"));
}

}  // namespace
}  // namespace trainyard::train
