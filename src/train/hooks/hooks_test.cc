#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "train/hooks/early_stopping_hook.h"
#include "train/hooks/eval_metrics.h"
#include "train/hooks/feed_fn_hook.h"
#include "train/hooks/final_ops_hook.h"
#include "train/hooks/global_step_waiter_hook.h"
#include "train/hooks/hook_timer.h"
#include "train/hooks/logging_tensor_hook.h"
#include "train/hooks/profiler_hook.h"
#include "train/hooks/stop_at_step_hook.h"
#include "train/testing/linear_model.h"
#include "train/train_and_evaluate.h"

namespace trainyard::train {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::LinearModel;
using testing::LinePoints;
using ::testing::Not;

using Hooks = std::vector<std::shared_ptr<TrainingHook>>;

class HooksTest : public ::testing::Test {
 protected:
  void SetUp() override { ::unsetenv("TF_CONFIG"); }

  RunConfig Config() {
    RunConfig config{.model_dir = JoinPath(dir_.path(), "model"), .save_checkpoints_steps = 20};
    EXPECT_TRUE(config.ReadEnvironment().ok());
    return config;
  }
  Result<TrainResult> Train(Hooks hooks, int64_t max_steps = 30, ModelFn model = LinearModel()) {
    return Estimator(std::move(model), Config())
        .Train(LinePoints(), {.max_steps = max_steps, .after_save = {}, .hooks = std::move(hooks)});
  }
  // Writes what an evaluation of that step found.
  void WriteEval(int64_t step, float loss) {
    auto events = records::EventWriter::Create(JoinPath(dir_.path(), "model/eval")).value();
    const std::vector<records::Scalar> scalars = {{"loss", loss}};
    ASSERT_TRUE(events->AddScalars(step, scalars).ok());
  }

  TemporaryDirectory dir_;
};

// Notes the calls it gets.
class Recorder : public TrainingHook {
 public:
  Status Begin(const HookContext& context) override {
    calls.push_back(context.events != nullptr ? "begin on the chief" : "begin");
    step_ = context.global_step;
    return OkStatus();
  }
  Status AfterCreateSession(tf::Session*, int64_t global_step) override {
    calls.push_back(fmt::format("session at {}", global_step));
    return OkStatus();
  }
  Status BeforeStep(int64_t next_step, StepRequest* request) override {
    calls.push_back(fmt::format("before {}", next_step));
    request->fetches = {step_, step_};
    return OkStatus();
  }
  Status AfterStep(tf::Session*, const StepResult& step) override {
    calls.push_back(fmt::format("after {} with {}", step.global_step, step.fetched.size()));
    return OkStatus();
  }
  Status End(tf::Session*, int64_t global_step) override {
    calls.push_back(fmt::format("end at {}", global_step));
    return OkStatus();
  }

  std::vector<std::string> calls;

 private:
  tf::Output step_;
};

TEST_F(HooksTest, AUsersHookIsCalledAroundEveryStepWithWhatItAskedFor) {
  const auto recorder = std::make_shared<Recorder>();
  ASSERT_TRUE(Train({recorder}, 2).ok());
  EXPECT_THAT(recorder->calls,
              ElementsAre("begin on the chief", "session at 0", "before 1", "after 1 with 2",
                          "before 2", "after 2 with 2", "end at 2"));
}

TEST_F(HooksTest, AModelsOwnHooksAreCalledToo) {
  const auto recorder = std::make_shared<Recorder>();
  const ModelFn model = [&](ModelBuilder& builder, const Features& features,
                            const tf::Output& labels) {
    ModelSpec spec = LinearModel()(builder, features, labels);
    spec.training_hooks = {recorder};
    return spec;
  };
  ASSERT_TRUE(Train({}, 1, model).ok());
  EXPECT_THAT(recorder->calls, Contains("after 1 with 2"));
}

TEST_F(HooksTest, EvaluationCallsItsHooksAroundItsBatches) {
  ASSERT_TRUE(Train({}, 2).ok());
  const auto recorder = std::make_shared<Recorder>();
  const Estimator estimator(LinearModel(), Config());
  ASSERT_TRUE(
      estimator.Evaluate(LinePoints(1), {.name = "", .steps = {}, .hooks = {recorder}}).ok());
  EXPECT_THAT(recorder->calls, ElementsAre("begin", "session at 0", "before 1", "after 1 with 2",
                                           "before 2", "after 2 with 2", "end at 2"));
}

TEST_F(HooksTest, StopAtStepCountsFromTheStartOrIsAbsolute) {
  const auto by_number = std::make_shared<StopAtStepHook>(StopAtStepHook::Options{.num_steps = 7});
  EXPECT_EQ(Train({by_number})->global_step, 7);
  const auto again = std::make_shared<StopAtStepHook>(StopAtStepHook::Options{.num_steps = 7});
  EXPECT_EQ(Train({again})->global_step, 14);
  const auto at = std::make_shared<StopAtStepHook>(StopAtStepHook::Options{.last_step = 20});
  EXPECT_EQ(Train({at})->global_step, 20);
  EXPECT_THAT(ListDirectory(JoinPath(dir_.path(), "model")).value(),
              Contains("model.ckpt-14.index"));  // the end is in good order
  const auto both =
      std::make_shared<StopAtStepHook>(StopAtStepHook::Options{.num_steps = 1, .last_step = 1});
  EXPECT_THAT(Train({both}).status().message(), HasSubstr("exactly one of num_steps"));
}

TEST_F(HooksTest, LoggedTensorsAreFormattedInTheOrderOfTheirTags) {
  std::vector<std::map<std::string, std::string>> lines;
  const auto hook = std::make_shared<LoggingTensorHook>(LoggingTensorHook::Options{
      .tensors = {{"step", "global_step/AfterUpdate"}, {"bias", "bias/Read/ReadVariableOp:0"}},
      .every_n_iter = 10,
      .formatter = [&](const std::map<std::string, std::string>& values) {
        lines.push_back(values);
        return std::string("a line");
      }});
  ASSERT_TRUE(Train({hook}).ok());
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1].at("step"), "11");
  EXPECT_THAT(lines[1].at("bias"), HasSubstr("["));
  const auto wrong = std::make_shared<LoggingTensorHook>(
      LoggingTensorHook::Options{.tensors = {{"x", "nowhere"}}, .every_n_iter = 1});
  EXPECT_EQ(Train({wrong}, 40).status().message(),
            "LoggingTensorHook: the graph has no output \"nowhere\"");
}

TEST(ShortTextTest, CutsLongTensors) {
  EXPECT_EQ(ShortText(tf::Tensor::Scalar<float>(0.5f)), "0.5");
  EXPECT_EQ(ShortText(tf::Tensor::FromVector<int64_t>({1, 2})), "[1 2]");
  EXPECT_EQ(ShortText(tf::Tensor::FromVector<int32_t>({1, 2, 3, 4, 5, 6, 7})), "[1 2 3 4 5 6 ...]");
}

TEST_F(HooksTest, TheProfilerWritesATimelineOfTheOperations) {
  const auto hook = std::make_shared<ProfilerHook>(ProfilerHook::Options{.save_steps = 10});
  ASSERT_TRUE(Train({hook}).ok());
  const std::string directory = JoinPath(dir_.path(), "model");
  EXPECT_THAT(ListDirectory(directory).value(), Contains("timeline-12.json"));
  const std::string text = ReadFile(JoinPath(directory, "timeline-2.json")).value();
  EXPECT_THAT(text, HasSubstr("traceEvents"));
  EXPECT_THAT(text, HasSubstr("\"op\":\"ResourceApplyGradientDescent\""));
  EXPECT_THAT(text, HasSubstr("CPU:0 Compute"));
}

TEST_F(HooksTest, FeedsReachTheGraphAndFinalOpsAreKept) {
  const ModelFn model = [](ModelBuilder& builder, const Features& features,
                           const tf::Output& labels) {
    ModelSpec spec = LinearModel()(builder, features, labels);
    const tf::Output fed = tf::Placeholder(builder.scope(), tf::DataType::kFloat, {}, "fed");
    tf::Identity(builder.scope(), fed, "seen");
    return spec;
  };
  std::vector<std::string> seen;
  const auto feed = std::make_shared<FeedFnHook>([](int64_t next_step) {
    std::map<std::string, tf::Tensor> values;
    values["fed"] = tf::Tensor::Scalar(static_cast<float>(next_step) / 2);
    return Result<std::map<std::string, tf::Tensor>>(std::move(values));
  });
  const auto log = std::make_shared<LoggingTensorHook>(LoggingTensorHook::Options{
      .tensors = {{"seen", "seen"}},
      .every_n_iter = 1,
      .formatter = [&](const std::map<std::string, std::string>& values) {
        seen.push_back(values.at("seen"));
        return std::string("seen");
      }});
  const auto final_ops =
      std::make_shared<FinalOpsHook>(std::vector<std::string>{"bias/Read/ReadVariableOp"});
  ASSERT_TRUE(Train({feed, log, final_ops}, 3, model).ok());
  EXPECT_THAT(seen, ElementsAre("0.5", "1", "1.5"));
  ASSERT_EQ(final_ops->final_values().size(), 1u);
  EXPECT_GT(final_ops->final_values().begin()->second.scalar<float>(), 0);
}

TEST_F(HooksTest, AStepThatNobodyReachesIsGivenUp) {
  const auto hook = std::make_shared<GlobalStepWaiterHook>(5, std::chrono::seconds(0));
  EXPECT_THAT(Train({hook}).status().message(), HasSubstr("did not get to 5"));
}

TEST_F(HooksTest, EvaluationsAreReadBackByStep) {
  EXPECT_TRUE(ReadEvalMetrics(JoinPath(dir_.path(), "model/eval"))->empty());
  WriteEval(10, 1.0f);
  WriteEval(20, 0.5f);
  const auto metrics = ReadEvalMetrics(JoinPath(dir_.path(), "model/eval")).value();
  EXPECT_EQ(metrics.at(20).at("loss"), 0.5);
  EXPECT_EQ(metrics.size(), 2u);
}

TEST_F(HooksTest, StopsWithoutAStepWhenTheMetricIsThereAlready) {
  WriteEval(10, 0.5f);
  EXPECT_EQ(Train({StopIfLower("loss", 0.6)})->global_step, 0);
}

TEST_F(HooksTest, StopsWhenALaterEvaluationSaysSo) {
  const auto train_steps = [&](std::shared_ptr<TrainingHook> hook) {
    return Train({std::move(hook)}, 1000)->global_step;
  };
  class Evaluations : public TrainingHook {
   public:
    explicit Evaluations(std::function<void(int64_t)> write) : write_(std::move(write)) {}
    Status AfterStep(tf::Session*, const StepResult& step) override {
      if (step.global_step % 10 == 0) write_(step.global_step);
      return OkStatus();
    }

   private:
    std::function<void(int64_t)> write_;
  };
  // Falls until step 30.
  const auto evaluations = std::make_shared<Evaluations>(
      [&](int64_t step) { WriteEval(step, step <= 30 ? 1.0f / float(step) : 1.0f); });
  const auto stop = StopIfNoDecrease("loss", 20, {.run_every_steps = 1});
  EXPECT_EQ(Train({evaluations, stop}, 1000)->global_step, 50);
  EXPECT_EQ(train_steps(StopIfNoDecrease("loss", 20)), 50);  // a new start stays stopped
}

TEST_F(HooksTest, EachRuleLooksTheRightWay) {
  WriteEval(10, 0.5f);
  WriteEval(20, 0.7f);
  const auto stops = [&](const std::shared_ptr<TrainingHook>& hook) {
    const RunConfig config = Config();
    EXPECT_TRUE(hook->Begin({.graph = nullptr, .config = &config}).ok());
    EXPECT_TRUE(hook->AfterCreateSession(nullptr, 25).ok());
    return hook->WantsStop();
  };
  EXPECT_TRUE(stops(StopIfHigher("loss", 0.6)));
  EXPECT_FALSE(stops(StopIfHigher("loss", 0.8)));
  EXPECT_TRUE(stops(StopIfLower("loss", 0.6)));
  EXPECT_FALSE(stops(StopIfLower("loss", 0.6, {.min_steps = 15})));
  EXPECT_FALSE(stops(StopIfLower("loss", 0.6, {.min_steps = 26})));
  EXPECT_TRUE(stops(StopIfNoDecrease("loss", 10)));
  EXPECT_FALSE(stops(StopIfNoDecrease("loss", 11)));
  EXPECT_FALSE(stops(StopIfNoIncrease("loss", 10)));
  EXPECT_FALSE(stops(StopIfHigher("accuracy", 0)));
}

TEST_F(HooksTest, NaNEndsTrainingBeforeTheOtherHooksSeeTheStep) {
  const auto recorder = std::make_shared<Recorder>();
  const Status status = Train({recorder}, 1000, LinearModel(50)).status();
  EXPECT_THAT(status.message(), HasSubstr("NaN loss during training"));
  EXPECT_THAT(recorder->calls.back(), HasSubstr("before"));
}

TEST(HookTimerTest, CountsStepsFromTheLastMark) {
  HookTimer timer({.steps = 10, .interval = {}});
  EXPECT_TRUE(timer.IsDue(3));
  timer.Mark(3);
  EXPECT_FALSE(timer.IsDue(3));
  EXPECT_FALSE(timer.IsDue(12));
  EXPECT_TRUE(timer.IsDue(13));
  EXPECT_FALSE(timer.seconds_between_marks().has_value());
  timer.Mark(13);
  EXPECT_TRUE(timer.seconds_between_marks().has_value());
  HookTimer every_time({.steps = {}, .interval = std::chrono::milliseconds(0)});
  every_time.Mark(1);
  EXPECT_FALSE(every_time.IsDue(1));
  EXPECT_TRUE(every_time.IsDue(2));
  EXPECT_FALSE(HookTimer({}).Check("X").ok());
  EXPECT_FALSE(HookTimer({.steps = 0, .interval = {}}).Check("X").ok());
}

}  // namespace
}  // namespace trainyard::train
