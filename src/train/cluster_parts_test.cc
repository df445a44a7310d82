// A table split over two parameter servers, through servers of a cluster in this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tf/checkpoint_reader.h"
#include "tf/ops.h"
#include "train/checkpoints/saver.h"
#include "train/initializers.h"
#include "train/optimizers.h"
#include "train/testing/in_process_cluster.h"

namespace trainyard::train {
namespace {

using testing::ChiefTarget;
using ::testing::ElementsAre;
using testing::NextRound;

// Rows 0 and 1 of `table` are on one server, 2 and 3 on the other; `whole` is read as a whole. Each
// step changes the row `id` and all of `whole` by -gradient.
class SplitOverServers {
 public:
  explicit SplitOverServers(const std::string& name, SynchronousReplicas synchronous = {},
                            const SaverPlace& place = {})
      : model(&graph, {.num_ps_tasks = 2,
                       .compute_device = "/job:chief/task:0",
                       .partitioner = MinMaxVariablePartitioner{.min_slice_size = 1},
                       .synchronous = synchronous}) {
    const tf::Scope& scope = model.scope();
    table = &model.AddVariable(name + "/table", {4, 1}, Zeros());
    whole = &model.AddVariable(name + "/whole", {3}, Zeros());
    x = tf::Placeholder(scope, tf::DataType::kFloat, {}, "x");
    id = tf::Placeholder(scope, tf::DataType::kInt32, {1}, "id");
    const tf::Output sum =
        tf::Add(scope, tf::Sum(scope, model.Lookup(*table, id)), tf::Sum(scope, whole->value));
    train_op =
        Minimize(model, tf::Mul(scope, x, sum), Momentum({.learning_rate = 1, .momentum = 0}));
    saver.emplace(&graph, model.variables(), place);
    CHECK(graph.status().ok());
    session = tf::Session::Create(graph, {.target = ChiefTarget(), .config = {}}).value();
    for (const Variable& variable : model.variables())
      CHECK(session->Run(variable.initialize).ok());
  }

  Status Step(float gradient, int32_t row, int64_t round = 0) {
    const auto fed_x = tf::Tensor::Scalar(gradient);
    const auto fed_id = tf::Tensor::FromVector(std::vector<int32_t>{row});
    const auto fed_round = tf::Tensor::Scalar(round);
    std::vector<tf::Feed> feeds = {{x, &fed_x}, {id, &fed_id}};
    const auto& update = model.synchronous_update();
    if (update.has_value()) feeds.push_back({update->stamp, &fed_round});
    return session->Run(feeds, {}, std::vector{train_op}).status();
  }
  Status Update(int32_t replicas) {
    const SynchronousUpdate& update = *model.synchronous_update();
    const auto required = tf::Tensor::Scalar(replicas);
    return session->Run({{update.num_required, &required}}, {}, {update.apply}).status();
  }
  std::vector<float> Floats(const Variable& variable) {
    const std::vector<tf::Tensor> values = session->Run({}, {variable.value}, {}).value();
    const auto data = values[0].data<float>();
    return {data.begin(), data.end()};
  }

  tf::Graph graph;
  ModelBuilder model;
  const Variable* table;
  const Variable* whole;
  tf::Output x;
  tf::Output id;
  tf::Operation train_op;
  std::optional<Saver> saver;
  std::unique_ptr<tf::Session> session;
};

TEST(ClusterPartsTest, EachServerHasAndUpdatesItsPart) {
  SplitOverServers run("parts");
  ASSERT_EQ(run.table->parts.size(), 2u);
  EXPECT_NE(run.table->parts[0]->device, run.table->parts[1]->device);
  ASSERT_EQ(run.Step(1, 0), OkStatus());
  ASSERT_EQ(run.Step(3, 2), OkStatus());
  EXPECT_THAT(run.Floats(*run.table), ElementsAre(-1, 0, -3, 0));
  EXPECT_THAT(run.Floats(*run.table->parts[1]), ElementsAre(-3, 0));
  EXPECT_THAT(run.Floats(*run.whole), ElementsAre(-4, -4, -4));
}

// Rows of one part alone in the first round: the other one's gradients are empty.
TEST(ClusterPartsTest, SynchronousUpdatesAverageTheGradientsOfEachPart) {
  SplitOverServers run("synchronous_parts", {.to_aggregate = 2, .total = 2});
  int64_t round = NextRound();
  ASSERT_EQ(run.Step(1, 0, round), OkStatus());
  ASSERT_EQ(run.Step(3, 1, round), OkStatus());
  ASSERT_EQ(run.Update(2), OkStatus());
  EXPECT_THAT(run.Floats(*run.table), ElementsAre(-0.5f, -1.5f, 0, 0));
  round = NextRound();
  ASSERT_EQ(run.Step(1, 3, round), OkStatus());
  ASSERT_EQ(run.Step(2, 0, round), OkStatus());
  ASSERT_EQ(run.Update(2), OkStatus());
  EXPECT_THAT(run.Floats(*run.table), ElementsAre(-1.5f, -1.5f, 0, -0.5f));
  EXPECT_THAT(run.Floats(*run.whole), ElementsAre(-3.5f, -3.5f, -3.5f));
}

TEST(ClusterPartsTest, ACheckpointHoldsOneTensorWhoeverWritesIt) {
  const TemporaryDirectory dir;
  int n = 0;
  for (const SaverPlace& place : {SaverPlace{}, SaverPlace{.on_one_device = "/job:chief/task:0"}}) {
    SplitOverServers run(fmt::format("saved_parts_{}", n++), {}, place);
    const std::string prefix = JoinPath(dir.path(), std::to_string(n));
    ASSERT_EQ(run.Step(2, 3), OkStatus());
    ASSERT_EQ(run.saver->Save(run.session.get(), prefix), OkStatus());
    const auto reader = tf::CheckpointReader::Open(prefix).value();
    for (const char* slot : {"", "/Momentum"}) {
      const float sign = *slot == '\0' ? -1 : 1;
      const tf::Tensor saved = reader.Read(run.table->name + slot).value();
      EXPECT_THAT(saved.data<float>(), ElementsAre(0, 0, 0, sign * 2)) << slot;
    }
    ASSERT_EQ(run.Step(1, 0), OkStatus());
    ASSERT_EQ(run.saver->Restore(run.session.get(), prefix), OkStatus());
    EXPECT_THAT(run.Floats(*run.table), ElementsAre(0, 0, 0, -2));
    EXPECT_THAT(run.Floats(*run.whole), ElementsAre(-2, -2, -2));
  }
}

}  // namespace
}  // namespace trainyard::train
