// A training job in the threads of one process, to be compared with one that trains alone.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "base/testing/free_port.h"
#include "train/testing/recorder.h"
#include "train/testing/small_network.h"
#include "train/train_and_evaluate.h"

namespace trainyard::train::testing {

struct Task {
  std::string type = "worker";
  int index = 0;
};

// Every replica runs TrainAndEvaluate on NumberedExamples, its own part of them.
class TrainingCluster : public ::testing::Test {
 protected:
  static constexpr int64_t kBatch = 4;  // of each replica

  void TearDown() override { ::unsetenv("TF_CONFIG"); }

  // Workers without a chief.
  static std::vector<Task> Workers(int count) {
    std::vector<Task> tasks;
    for (int i = 0; i < count; ++i) tasks.push_back({"worker", i});
    return tasks;
  }
  static std::string ClusterOf(const std::vector<Task>& tasks) {
    std::map<std::string, std::vector<std::string>> jobs;
    for (const Task& task : tasks) {
      jobs[task.type].push_back("\"" + FreeAddress() + "\"");
    }
    std::string text;
    for (const auto& [job, addresses] : jobs) {
      text += fmt::format("{}\"{}\":[{}]", text.empty() ? "" : ",", job, fmt::join(addresses, ","));
    }
    return "{" + text + "}";
  }
  RunConfig ConfigOf(const std::string& cluster, const Task& task) {
    if (cluster.empty()) {
      ::unsetenv("TF_CONFIG");
    } else {
      const std::string text = fmt::format(R"({{"cluster":{},"task":{{"type":"{}","index":{}}}}})",
                                           cluster, task.type, task.index);
      ::setenv("TF_CONFIG", text.c_str(), 1);
    }
    RunConfig config{.model_dir = JoinPath(dir_.path(), cluster.empty() ? "alone" : "model"),
                     .tf_random_seed = 3,
                     .save_summary_steps = 0,
                     .save_checkpoints_steps = 5,
                     .session_creation_timeout = std::chrono::seconds(240),
                     .step_timeout = std::chrono::seconds(120),
                     .replicas_to_aggregate = cluster.empty() ? 0 : replicas_to_aggregate_};
    EXPECT_EQ(config.ReadEnvironment(), OkStatus());
    return config;
  }

  // Removes all checkpoints.
  void Forget() {
    std::filesystem::remove_all(JoinPath(dir_.path(), "model"));
    std::filesystem::remove_all(JoinPath(dir_.path(), "alone"));
  }

  // Trains to `max_steps` with these replicas; what each of them did, in their order.
  std::vector<std::unique_ptr<Recorder>> Train(
      const std::vector<Task>& tasks, const ModelFn& model, int64_t max_steps,
      const std::map<size_t, std::shared_ptr<TrainingHook>>& hooks = {}, bool shuffle = false) {
    std::vector<std::unique_ptr<Recorder>> recorders;
    std::vector<RunConfig> configs;
    const std::string cluster = ClusterOf(tasks);
    for (const Task& task : tasks) {
      configs.push_back(ConfigOf(cluster, task));
      recorders.push_back(std::make_unique<Recorder>());
    }
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < tasks.size(); ++i) {
      threads.emplace_back([&, i] {
        TrainSpec train{
            .input = NumberedExamples(
                kBatch, configs[i].task.trainer_rank ? ShardOf(configs[i].task) : Shard{}, shuffle),
            .max_steps = max_steps};
        // Borrowed: the test reads it afterwards.
        train.hooks.emplace_back(std::shared_ptr<void>(), recorders[i].get());
        if (hooks.contains(i)) train.hooks.push_back(hooks.at(i));
        const Estimator estimator(recorders[i]->Watch(model), configs[i]);
        const EvalSpec eval{.input = NumberedExamples(48), .steps = 1, .throttle = {}};
        const auto done = TrainAndEvaluate(estimator, train, eval);
        EXPECT_EQ(done.status(), OkStatus()) << tasks[i].type << " " << tasks[i].index;
        const bool evaluates = tasks[i].type == "evaluator" || tasks[i].type == "master";
        EXPECT_EQ(done.ok() && done->evaluation.has_value(), evaluates);
        if (done.ok() && evaluates) {
          EXPECT_EQ(done->evaluation->global_step, max_steps);
        }
      });
    }
    threads.clear();
    return recorders;
  }

  std::unique_ptr<Recorder> TrainAlone(const ModelFn& model, int64_t batch, int64_t max_steps) {
    auto recorder = std::make_unique<Recorder>();
    TrainOptions options{.max_steps = max_steps};
    options.hooks.emplace_back(std::shared_ptr<void>(), recorder.get());
    const Estimator estimator(recorder->Watch(model), ConfigOf("", {}));
    EXPECT_EQ(estimator.Train(NumberedExamples(batch), std::move(options)).status(), OkStatus());
    return recorder;
  }

  // Whether these ended with the same variables, to the last bit.
  static void ExpectSame(const Recorder& a, const Recorder& b) {
    ASSERT_FALSE(a.variables().empty());
    ASSERT_EQ(a.variables().size(), b.variables().size());
    for (const auto& [name, bytes] : a.variables()) {
      EXPECT_TRUE(bytes == b.variables().at(name)) << name << " differs";
    }
  }
  // But for rounding.
  static void ExpectNear(const Recorder& a, const Recorder& b, float tolerance) {
    ASSERT_FALSE(a.variables().empty());
    for (const auto& [name, bytes] : a.variables()) {
      if (name == "global_step" || name.starts_with("trainyard/")) continue;
      const std::vector<float> expected = b.Floats(name);
      const std::vector<float> values = a.Floats(name);
      ASSERT_EQ(values.size(), expected.size()) << name;
      for (size_t i = 0; i < values.size(); ++i) {
        EXPECT_NEAR(values[i], expected[i], tolerance) << name << "[" << i << "]";
      }
    }
  }

  int replicas_to_aggregate_ = 0;
  TemporaryDirectory dir_;
};

}  // namespace trainyard::train::testing
