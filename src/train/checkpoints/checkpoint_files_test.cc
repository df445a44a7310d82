#include "train/checkpoints/checkpoint_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "tf/checkpoint_reader.h"
#include "train/checkpoints/saver.h"
#include "train/initializers.h"
#include "train/testing/model_runner.h"

namespace trainyard::train {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr int64_t kMiB = 1 << 20;

// The MiB of each variable in each file.
std::vector<std::vector<int64_t>> Files(const std::vector<int64_t>& sizes) {
  std::vector<Variable> variables;
  for (const int64_t size : sizes) {
    variables.push_back({.name = "v", .shape = {size, kMiB / 4}, .dtype = tf::DataType::kFloat});
  }
  std::vector<const Variable*> pointers;
  for (const Variable& variable : variables) pointers.push_back(&variable);
  std::vector<std::vector<int64_t>> files;
  for (const auto& file : internal::SplitIntoFiles(pointers)) {
    files.emplace_back();
    for (const Variable* variable : file) files.back().push_back(variable->shape[0]);
  }
  return files;
}

TEST(CheckpointFilesTest, LittleGoesIntoOneFile) {
  EXPECT_THAT(Files({}), ElementsAre(ElementsAre()));
  EXPECT_THAT(Files({1, 6, 6}), ElementsAre(UnorderedElementsAre(1, 6, 6)));
}

TEST(CheckpointFilesTest, MuchIsSpreadByBytes) {
  EXPECT_THAT(Files({6, 1, 6, 1, 6}),
              ElementsAre(UnorderedElementsAre(6, 6), UnorderedElementsAre(6, 1, 1)));
  EXPECT_EQ(Files(std::vector<int64_t>(100, 8)).size(), 4u);
  EXPECT_THAT(Files({100, 1}), ElementsAre(ElementsAre(100), ElementsAre(1)));
  EXPECT_THAT(Files({100}), ElementsAre(ElementsAre(100)));
}

TEST(CheckpointFilesTest, ACheckpointOfSeveralFilesIsOneCheckpoint) {
  tf::Graph graph;
  ModelBuilder model(&graph, {.mode = Mode::kTrain});
  const Variable& a = model.AddVariable("a", {2, kMiB}, Constant(1));
  const Variable& b = model.AddVariable("b", {2, kMiB}, Constant(2));
  const Saver saver(&graph, model.variables());
  const tf::Operation forget =
      model.scope().Op("AssignVariableOp").In(a.handle).In(b.value).Finish();
  ModelRunner run(model);
  const TemporaryDirectory directory;
  const std::string prefix = JoinPath(directory.path(), "model.ckpt-1");
  ASSERT_TRUE(saver.Save(run.session(), prefix).ok());
  EXPECT_THAT(ListDirectory(directory.path()).value(),
              UnorderedElementsAre("model.ckpt-1.index", "model.ckpt-1.data-00000-of-00002",
                                   "model.ckpt-1.data-00001-of-00002"));
  EXPECT_EQ(tf::CheckpointReader::Open(prefix).value().entries().size(), 3u);  // and global_step
  run.Run(forget);
  ASSERT_TRUE(saver.Restore(run.session(), prefix).ok());
  EXPECT_EQ(run.Floats(a.value)[kMiB], 1);
  EXPECT_EQ(run.Floats(b.value)[kMiB], 2);
}

}  // namespace
}  // namespace trainyard::train
