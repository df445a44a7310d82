// A model whose variables are split learns what the same model learns without, and leaves the same
// checkpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tf/checkpoint_reader.h"
#include "train/checkpoints/saver.h"
#include "train/checkpoints/warm_start.h"
#include "train/layers.h"
#include "train/optimizers.h"
#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Optimizers = std::vector<std::pair<std::string, std::shared_ptr<const Optimizer>>>;

std::optional<MinMaxVariablePartitioner> Parts(int n) {
  if (n == 0) return std::nullopt;
  return MinMaxVariablePartitioner{.max_partitions = n, .min_slice_size = 1};
}

// A table of 7 rows that is read by rows and as a whole, one that is read by rows alone, a dense
// layer.
class SplitModel {
 public:
  explicit SplitModel(int parts, const Optimizer& optimizer, const MinimizeOptions& options = {})
      : model(&graph, {.seed = 1, .partitioner = Parts(parts)}) {
    const tf::Scope& scope = model.scope();
    ids = tf::Placeholder(scope, tf::DataType::kInt64, {-1, 2}, "ids");
    const tf::Output rows = Embedding(
        model, ids, {.input_dim = 7, .output_dim = 3, .combiner = Combiner::kSum, .name = "rows"});
    const Variable& both = model.AddVariable("both", {5, 3}, TruncatedNormal(0, 1));
    const tf::Output mean = Embedding(model, ids,
                                      {.input_dim = 7,
                                       .output_dim = 3,
                                       .combiner = Combiner::kMean,
                                       .sparse_gradient = false,
                                       .name = "dense_rows"});
    const tf::Output some =
        scope.Op("Sum")
            .In(model.Lookup(both, tf::Const(scope, tf::Tensor::FromVector<int32_t>({4, 1, 4}))))
            .In(tf::Const(scope, int32_t{0}))
            .Out();
    const tf::Output x = tf::Add(scope, tf::Add(scope, rows, mean), some);
    y = Dense(model, x, {.units = 2, .activation = Tanh});
    loss = tf::Add(scope, tf::Sum(scope, tf::Mul(scope, y, y)),
                   tf::Sum(scope, tf::Mul(scope, both.value, both.value)));
    train_op = Minimize(model, loss, optimizer, options);
    saver.emplace(&graph, model.variables());
    CHECK(graph.status().ok());
    run.emplace(model);
  }

  void Step(const std::vector<int64_t>& of) {
    const auto fed = tf::Tensor::FromValues<int64_t>({static_cast<int64_t>(of.size()) / 2, 2}, of);
    run->Run(train_op, {{ids, &fed}});
  }
  void Steps() {
    for (const auto& batch : {std::vector<int64_t>{0, 6, 3, 3}, {6, 5}, {2, 1, 0, 4, 6, 6}, {0, 0}})
      Step(batch);
  }
  // Every tensor of a checkpoint made now.
  std::map<std::string, std::vector<float>> Saved(const std::string& prefix) {
    EXPECT_EQ(saver->Save(run->session(), prefix), OkStatus());
    std::map<std::string, std::vector<float>> saved;
    const auto reader = tf::CheckpointReader::Open(prefix).value();
    for (const auto& [name, entry] : reader.entries()) {
      if (entry.dtype != tf::DataType::kFloat) continue;
      const tf::Tensor tensor = reader.Read(name).value();
      EXPECT_EQ(tensor.shape(), entry.shape);
      const auto values = tensor.data<float>();
      saved[name] = {values.begin(), values.end()};
    }
    return saved;
  }

  tf::Graph graph;
  ModelBuilder model;
  tf::Output ids;
  tf::Output y;
  tf::Output loss;
  tf::Operation train_op;
  std::optional<Saver> saver;
  std::optional<ModelRunner> run;
};

void ExpectSame(const std::map<std::string, std::vector<float>>& actual,
                const std::map<std::string, std::vector<float>>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (const auto& [name, values] : expected) {
    ASSERT_TRUE(actual.contains(name)) << name;
    ASSERT_EQ(actual.at(name).size(), values.size()) << name;
    for (size_t i = 0; i < values.size(); ++i) {
      EXPECT_NEAR(actual.at(name)[i], values[i], 1e-5) << name << "[" << i << "]";
    }
  }
}

class SplitVariablesTest : public ::testing::Test {
 protected:
  std::string Prefix(const std::string& name) const { return JoinPath(dir_.path(), name); }
  void ExpectTrainsAsUnsplit(const Optimizer& optimizer, const MinimizeOptions& options = {}) {
    SplitModel whole(0, optimizer, options);
    whole.Steps();
    const auto expected = whole.Saved(Prefix("whole"));
    for (const int parts : {2, 3}) {
      SplitModel split(parts, optimizer, options);
      split.Steps();
      ExpectSame(split.Saved(Prefix("split")), expected);
    }
  }
  TemporaryDirectory dir_;
};

TEST_F(SplitVariablesTest, FirstValuesAreThoseOfTheUnsplitVariables) {
  const GradientDescent any({.learning_rate = 0.1});
  ExpectSame(SplitModel(3, any).Saved(Prefix("split")), SplitModel(0, any).Saved(Prefix("whole")));
}

TEST_F(SplitVariablesTest, EveryOptimizerDoesTheSame) {
  const Optimizers optimizers = {
      {"sgd", std::make_shared<GradientDescent>(GradientDescentOptions{.learning_rate = 0.1})},
      {"momentum", std::make_shared<Momentum>(MomentumOptions{.learning_rate = 0.1})},
      {"adagrad", std::make_shared<Adagrad>(AdagradOptions{.learning_rate = 0.1})},
      {"rmsprop", std::make_shared<RMSProp>(RMSPropOptions{.learning_rate = 0.01})},
      {"adam", std::make_shared<Adam>(AdamOptions{.learning_rate = 0.01})},
      {"lazy", std::make_shared<Adam>(AdamOptions{.learning_rate = 0.01, .lazy = true})},
      {"adamw", std::make_shared<AdamW>(AdamWOptions{.learning_rate = 0.01})},
      {"ftrl", std::make_shared<Ftrl>(FtrlOptions{.learning_rate = 0.1})},
      {"lamb", std::make_shared<LAMB>(LAMBOptions{.learning_rate = 0.01})}};
  for (const auto& [name, optimizer] : optimizers) {
    SCOPED_TRACE(name);
    ExpectTrainsAsUnsplit(*optimizer);
  }
}

TEST_F(SplitVariablesTest, SoDoesWhatGoesAroundThem) {
  const Momentum optimizer({.learning_rate = 0.1});
  const std::pair<const char*, MinimizeOptions> options[] = {
      {"clip_value", {.clip_value = 0.05}},
      {"clip_norm", {.clip_norm = 0.1}},
      {"clip_global_norm", {.clip_global_norm = 0.1}},
      {"accumulation", {.clip_norm = 0.1, .gradient_accumulation_steps = 2}},
      {"weight_decay", {.weight_decay = 0.1, .exclude_from_weight_decay = {"both"}}},
      {"moving_average", {.moving_average_decay = 0.5, .moving_average_warm_up = true}}};
  for (const auto& [name, option] : options) {
    SCOPED_TRACE(name);
    ExpectTrainsAsUnsplit(optimizer, option);
  }
}

TEST_F(SplitVariablesTest, ACheckpointIsRestoredIntoAnyNumberOfParts) {
  const Adam optimizer({.learning_rate = 0.01});
  SplitModel first(3, optimizer);
  first.Steps();
  const auto expected = first.Saved(Prefix("0"));
  int next = 0;
  for (const int parts : {2, 1, 0, 3, 7, 0, 2}) {
    SplitModel model(parts, optimizer);
    ASSERT_EQ(model.saver->Restore(model.run->session(), Prefix(std::to_string(next))), OkStatus());
    EXPECT_EQ(model.Saved(Prefix(std::to_string(++next))), expected) << parts;
  }
}

TEST_F(SplitVariablesTest, PartsStartFromAnotherModelsParts) {
  const Adam optimizer({.learning_rate = 0.01});
  SplitModel first(3, optimizer);
  first.Steps();
  auto expected = first.Saved(Prefix("old"));
  SplitModel second(2, optimizer);
  const Result<tf::Operation> warm_start = AddWarmStart(
      second.model, {.ckpt_to_initialize_from = Prefix("old"),
                     .vars_to_warm_start = {"rows", "both/Adam$"},
                     .var_name_to_prev_var_name = {{"rows/embeddings", "dense_rows/embeddings"}}});
  ASSERT_EQ(warm_start.status(), OkStatus());
  const auto before = second.Saved(Prefix("before"));
  second.run.emplace(second.model);
  second.run->Run(*warm_start);
  auto after = second.Saved(Prefix("after"));
  EXPECT_EQ(after["rows/embeddings"], expected["dense_rows/embeddings"]);
  EXPECT_EQ(after["rows/embeddings/Adam"], expected["rows/embeddings/Adam"]);
  EXPECT_EQ(after["both/Adam"], expected["both/Adam"]);
  for (const char* kept : {"both", "dense/kernel", "both/Adam_1"}) {
    EXPECT_EQ(after[kept], before.at(kept)) << kept;
  }
}

TEST_F(SplitVariablesTest, AnotherShapeIsRefusedByTheNameOfTheWhole) {
  const GradientDescent any({.learning_rate = 0.1});
  SplitModel(2, any).Saved(Prefix("saved"));
  tf::Graph graph;
  ModelBuilder model(&graph, {.partitioner = Parts(2)});
  model.AddVariable("both", {6, 3}, Zeros());
  const Saver saver(&graph, model.variables());
  EXPECT_THAT(saver.CheckFits(Prefix("saved")).message(),
              HasSubstr("\"both\" is float[5,3] there and float[6,3] here"));
}

TEST_F(SplitVariablesTest, PartsGoRoundRobinAndSlotsAreBesideThem) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.num_ps_tasks = 3,
                              .compute_device = "/job:chief/task:0",
                              .partitioner = MinMaxVariablePartitioner{.min_slice_size = 16}});
  const Variable& small = model.AddVariable("small", {4}, Zeros());
  const Variable& table = model.AddVariable("table", {4, 4}, Zeros());
  const Variable& fixed = model.AddVariable("fixed", {4, 4}, Zeros(), {.trainable = false});
  EXPECT_THAT(small.parts, IsEmpty());
  EXPECT_THAT(fixed.parts, IsEmpty());
  ASSERT_EQ(table.parts.size(), 3u);
  const Variable& last = *table.parts[2];
  EXPECT_EQ(table.parts[0]->device, "/job:ps/task:2");
  EXPECT_EQ(table.parts[1]->device, "/job:ps/task:0");
  EXPECT_EQ(last.device, "/job:ps/task:1");
  EXPECT_EQ(fixed.device, "/job:ps/task:2");
  EXPECT_EQ(last.name, "table/part_2");
  EXPECT_EQ(last.saved_name(), "table");
  EXPECT_EQ(last.saved_slice(), "4 4 3,1:-");
  const Variable& slot = model.AddSlot(last, "Adam", last.shape, Zeros());
  EXPECT_EQ(slot.name, "table/part_2/Adam");
  EXPECT_EQ(slot.saved_name(), "table/Adam");
  EXPECT_EQ(slot.saved_slice(), "4 4 3,1:-");
  EXPECT_EQ(slot.device, last.device);
  EXPECT_THAT(model.trainable_variables(), ElementsAre(&small, &table));
  EXPECT_EQ(graph.OutputShape(table.value).value(), (tf::Shape{4, 4}));
  EXPECT_EQ(tf::OutputName(table.value), "table:0");
}

TEST_F(SplitVariablesTest, ANameUsedTwiceFails) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.partitioner = Parts(2)});
  model.AddVariable("w", {4}, Zeros());
  model.AddVariable("w", {4}, Zeros());
  EXPECT_EQ(graph.status().message(), "a variable named \"w\" exists already");
}

TEST_F(SplitVariablesTest, IdsOfAnyShapeAreLookedUp) {
  for (const tf::Shape& shape : {tf::Shape{}, {6}, {2, 3}, {1, 2, 3}, {0}}) {
    tf::Graph graph;
    ModelBuilder model(&graph, {.seed = 1, .partitioner = Parts(3)});
    const Variable& table = model.AddVariable("table", {7, 2}, RandomUniform(0, 1));
    std::vector<int32_t> ids = {0, 6, 2, 3, 3, 5};
    ids.resize(static_cast<size_t>(tf::NumElements(shape)));
    const tf::Output fed = tf::Const(model.scope(), tf::Tensor::FromValues<int32_t>(shape, ids));
    const tf::Output rows = model.Lookup(table, fed);
    const tf::Output expected = model.scope()
                                    .Op("GatherV2")
                                    .In(table.value)
                                    .In(fed)
                                    .In(tf::Const(model.scope(), int32_t{0}))
                                    .Out();
    tf::Shape rows_shape = shape;
    rows_shape.push_back(2);
    EXPECT_EQ(graph.OutputShape(rows).value(), rows_shape);
    ModelRunner run(model);
    EXPECT_EQ(run.Fetch(rows).shape(), rows_shape);
    EXPECT_EQ(run.Floats(rows), run.Floats(expected));
  }
}

TEST_F(SplitVariablesTest, AnIdThatIsNoRowIsNamedWithItsPlace) {
  for (const int32_t id : {-1, 7}) {
    tf::Graph graph;
    ModelBuilder model(&graph, {.partitioner = Parts(3)});
    const Variable& table = model.AddVariable("table", {7, 2}, Zeros());
    const std::vector<int32_t> ids = {0, 1, id, 3};
    const tf::Output rows =
        model.Lookup(table, tf::Const(model.scope(), tf::Tensor::FromValues<int32_t>({2, 2}, ids)));
    ModelRunner run(model);
    const Status status = run.session()->Run({}, {rows}, {}).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr(fmt::format("[table: indices] [[1 0]] [=] [{}] "
                                                        "[is not in [0, 7)]",
                                                        id)));
  }
}

}  // namespace
}  // namespace trainyard::train
