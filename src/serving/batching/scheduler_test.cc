#include "serving/batching/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <semaphore>
#include <thread>

#include "serving/metrics/batching_metrics.h"

namespace trainyard::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Outputs = Result<std::vector<tf::Tensor>>;

// "y" is twice "x". Remembers the rows of each run; while closed, runs wait at the door.
class Doubler {
 public:
  BatchRun run() {
    return [this](std::span<const tf::Tensor* const> inputs, const RunLimits&) -> Outputs {
      const int64_t rows = inputs[0]->shape()[0];
      {
        std::unique_lock lock(mutex_);
        sizes_.push_back(rows);
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
      }
      std::vector<float> doubled;
      for (const float x : inputs[0]->data<float>()) {
        if (x < 0) return InvalidArgumentError("{} is negative", x);
        doubled.push_back(2 * x);
      }
      std::vector<tf::Tensor> outputs;
      outputs.push_back(tf::Tensor::FromValues<float>(inputs[0]->shape(), doubled));
      return outputs;
    };
  }
  void Close() {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void WaitForRuns(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return sizes_.size() >= count; });
  }
  std::vector<int64_t> sizes() {
    const std::lock_guard lock(mutex_);
    return sizes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  std::vector<int64_t> sizes_;
};

class BatchSchedulerTest : public ::testing::Test {
 protected:
  void Start(BatchingOptions options) {
    if (options.num_batch_threads == 0) options.num_batch_threads = 1;
    scheduler_.emplace(std::move(options));
    queue_.emplace(&*scheduler_, std::vector<std::string>{"x"}, doubler_.run());
  }
  ~BatchSchedulerTest() override { doubler_.Open(); }

  Outputs Ask(const std::vector<float>& x, const RunLimits& limits = {}) {
    const tf::Tensor input = tf::Tensor::FromVector(x);
    const tf::Tensor* inputs[] = {&input};
    return queue_->Run(inputs, limits);
  }
  // Asks in a thread of its own.
  std::jthread AskAside(std::vector<float> x, Outputs* outputs, RunLimits limits = {}) {
    return std::jthread([this, x = std::move(x), outputs, limits = std::move(limits)] {
      *outputs = Ask(x, limits);
    });
  }
  // The same while nothing can run: returns when the request waits in the queue.
  std::jthread AskLater(std::vector<float> x, Outputs* outputs, RunLimits limits = {}) {
    const int64_t before = queue_->waiting_rows();
    std::jthread asking = AskAside(std::move(x), outputs, std::move(limits));
    while (queue_->waiting_rows() == before) std::this_thread::yield();
    return asking;
  }
  // A run that keeps the only thread busy until Open().
  std::jthread KeepBusy() {
    doubler_.Close();
    std::jthread asking = AskAside({0}, &ignored_);
    doubler_.WaitForRuns(1);
    return asking;
  }

  Doubler doubler_;
  Outputs ignored_ = std::vector<tf::Tensor>();
  std::optional<BatchScheduler> scheduler_;
  std::optional<BatchQueue> queue_;
};

std::vector<float> Values(const Outputs& outputs) {
  if (!outputs.ok()) return {};
  const auto values = (*outputs)[0].data<float>();
  return {values.begin(), values.end()};
}

TEST_F(BatchSchedulerTest, ARequestThatFindsRoomRunsAtOnce) {
  Start({});
  EXPECT_THAT(Values(Ask({1, 2})), ElementsAre(2, 4));
  EXPECT_THAT(doubler_.sizes(), ElementsAre(2));
}

TEST_F(BatchSchedulerTest, ThoseWhoWaitedRunTogetherAndGetTheirOwnRows) {
  Start({});
  Outputs first = CancelledError("not asked");
  Outputs second = CancelledError("not asked");
  {
    const std::jthread busy = KeepBusy();
    const std::jthread one = AskLater({1, 2}, &first);
    const std::jthread other = AskLater({3}, &second);
    doubler_.Open();
  }
  EXPECT_THAT(Values(first), ElementsAre(2, 4));
  EXPECT_THAT(Values(second), ElementsAre(6));
  EXPECT_THAT(doubler_.sizes(), ElementsAre(1, 3));
}

TEST_F(BatchSchedulerTest, ABatchWithoutCompanyRunsWhenItsTimeIsOver) {
  Start({.batch_timeout = std::chrono::microseconds(1000)});
  EXPECT_THAT(Values(Ask({1})), ElementsAre(2));
}

TEST_F(BatchSchedulerTest, AFullBatchDoesNotWait) {
  Start({.max_batch_size = 4, .batch_timeout = std::chrono::hours(1)});
  Outputs first = CancelledError("not asked");
  const std::jthread asking = AskLater({1, 2}, &first);  // it waits for company
  EXPECT_THAT(Values(Ask({3, 4})), ElementsAre(6, 8));
  EXPECT_THAT(Values(Ask({1, 2, 3, 4})), ElementsAre(2, 4, 6, 8));
}

TEST_F(BatchSchedulerTest, UnlessToldBatchesDoNotOutgrowTheProcessor) {
  Start({});
  {
    const std::jthread busy = KeepBusy();
    std::array<Outputs, 3> outputs;
    const std::jthread first = AskLater(std::vector<float>(32), &outputs[0]);
    const std::jthread second = AskLater(std::vector<float>(32), &outputs[1]);
    const std::jthread third = AskLater(std::vector<float>(100), &outputs[2]);
    doubler_.Open();
  }
  EXPECT_THAT(doubler_.sizes(), ElementsAre(1, 64, 100));
}

TEST_F(BatchSchedulerTest, BatchesAreFilledUpToAnAllowedSize) {
  Start({.max_batch_size = 8, .allowed_batch_sizes = {4, 8}});
  EXPECT_THAT(Values(Ask({1, 2, 3})), ElementsAre(2, 4, 6));
  EXPECT_THAT(doubler_.sizes(), ElementsAre(4));
}

TEST_F(BatchSchedulerTest, ALargeRequestIsRefusedOrSplit) {
  Start({.max_batch_size = 4});
  const Outputs refused = Ask({1, 2, 3, 4, 5});
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.status().message(), "Task size 5 is larger than maximum input batch size 4");

  queue_.reset();
  Start({.max_batch_size = 5, .enable_large_batch_splitting = true, .max_execution_batch_size = 2});
  EXPECT_THAT(Values(Ask({1, 2, 3, 4, 5})), ElementsAre(2, 4, 6, 8, 10));
  EXPECT_THAT(doubler_.sizes(), ElementsAre(2, 2, 1));
  EXPECT_EQ(Ask({1, 2, 3, 4, 5, 6}).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(BatchSchedulerTest, AFullQueueRefuses) {
  Start({.max_batch_size = 2, .max_enqueued_batches = 1});
  Outputs waiting = CancelledError("not asked");
  std::jthread busy = KeepBusy();
  std::jthread asking = AskLater({1, 2}, &waiting);
  const Outputs refused = Ask({3, 4});
  EXPECT_EQ(refused.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(refused.status().message(),
              HasSubstr("is full; currently 1 batches enqueued and max_enqueued_batches is 1"));
  doubler_.Open();
  asking.join();
  EXPECT_THAT(Values(waiting), ElementsAre(2, 4));
}

TEST_F(BatchSchedulerTest, ADeadlineThatComesInTheQueueEndsTheWait) {
  Start({});
  const std::jthread busy = KeepBusy();
  RunLimits limits;
  limits.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
  const Outputs late = Ask({1}, limits);
  EXPECT_EQ(late.status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(late.status().message(), "Run() timeout exceeded while waiting in batching queue");
  doubler_.Open();
}

TEST_F(BatchSchedulerTest, WhoHasGoneIsNotComputedFor) {
  Start({});
  Outputs gone = CancelledError("not asked");
  Outputs there = CancelledError("not asked");
  {
    const std::jthread busy = KeepBusy();
    std::atomic<bool> is_gone = false;
    RunLimits limits;
    limits.is_cancelled = [&] { return is_gone.load(); };
    std::jthread first = AskLater({1}, &gone, limits);
    const std::jthread second = AskLater({2}, &there);
    is_gone = true;
    doubler_.Open();
    first.join();
  }
  EXPECT_EQ(gone.status().message(), "the client has cancelled the request");
  EXPECT_THAT(Values(there), ElementsAre(4));
  EXPECT_THAT(doubler_.sizes(), ElementsAre(1, 1));
}

TEST_F(BatchSchedulerTest, OtherShapesWaitForABatchOfTheirOwn) {
  Start({});
  const tf::Tensor wide = tf::Tensor::FromValues<float>({1, 2}, std::vector<float>{5, 6});
  Outputs flat = CancelledError("not asked");
  Outputs matrix = CancelledError("not asked");
  Outputs more = CancelledError("not asked");
  {
    const std::jthread busy = KeepBusy();
    const std::jthread first = AskLater({1}, &flat);
    const std::jthread second([&] {
      const tf::Tensor* inputs[] = {&wide};
      matrix = queue_->Run(inputs, {});
    });
    while (queue_->waiting_rows() < 2) std::this_thread::yield();
    const std::jthread third = AskLater({2}, &more);
    doubler_.Open();
  }
  EXPECT_THAT(Values(flat), ElementsAre(2));
  EXPECT_THAT(Values(matrix), ElementsAre(10, 12));
  EXPECT_THAT(Values(more), ElementsAre(4));
  EXPECT_THAT(doubler_.sizes(), ElementsAre(1, 2, 1));
}

TEST_F(BatchSchedulerTest, OnesFailureIsNotTheOthers) {
  Start({});
  Outputs bad = CancelledError("not asked");
  Outputs good = CancelledError("not asked");
  {
    const std::jthread busy = KeepBusy();
    const std::jthread first = AskLater({-1}, &bad);
    const std::jthread second = AskLater({1}, &good);
    doubler_.Open();
  }
  EXPECT_EQ(bad.status().message(), "-1 is negative");
  EXPECT_THAT(Values(good), ElementsAre(2));
}

TEST_F(BatchSchedulerTest, InputsNeedRowsAndTheSameNumberOfThem) {
  Start({});
  const tf::Tensor one = tf::Tensor::FromVector(std::vector<float>{1});
  const tf::Tensor two = tf::Tensor::FromVector(std::vector<float>{1, 2});
  const tf::Tensor scalar = tf::Tensor::Scalar(1.0f);
  const tf::Tensor* different[] = {&one, &two};
  const tf::Tensor* flat[] = {&scalar};
  EXPECT_EQ(queue_->Run(different, {}).status().message(),
            "Batching Run() input tensors must have equal 0th-dimension size");
  EXPECT_EQ(queue_->Run(flat, {}).status().message(),
            "Batching Run() input tensors must have at least one dimension");
}

TEST_F(BatchSchedulerTest, OutputsNeedTheRowsOfTheInputs) {
  Start({});
  BatchQueue scalar(&*scheduler_, {"x"}, [](auto, const RunLimits&) -> Outputs {
    std::vector<tf::Tensor> outputs;
    outputs.push_back(tf::Tensor::Scalar(1.0f));
    return outputs;
  });
  BatchQueue short_one(&*scheduler_, {"x"}, [](auto, const RunLimits&) -> Outputs {
    std::vector<tf::Tensor> outputs;
    outputs.push_back(tf::Tensor::FromVector(std::vector<float>{1}));
    return outputs;
  });
  const tf::Tensor two = tf::Tensor::FromVector(std::vector<float>{1, 2});
  const tf::Tensor* inputs[] = {&two};
  EXPECT_EQ(scalar.Run(inputs, {}).status().message(), "Batched output tensor has 0 dimensions");
  EXPECT_THAT(short_one.Run(inputs, {}).status().message(),
              HasSubstr("does not equal the sum of the 0th dimension sizes"));
}

// What was left with a callback, and where it came back.
struct Answer {
  RunDone done() {
    return [this](RunOutputs with) {
      outputs = std::move(with);
      thread = std::this_thread::get_id();
      is_there.release();
    };
  }
  bool is_from_this_thread() const { return thread == std::this_thread::get_id(); }

  RunOutputs outputs = CancelledError("not answered");
  std::thread::id thread{};
  std::binary_semaphore is_there{0};
};

TEST_F(BatchSchedulerTest, NobodyHasToWaitInAThread) {
  Start({});
  doubler_.Close();
  const tf::Tensor one = tf::Tensor::FromVector(std::vector<float>{1});
  const tf::Tensor two = tf::Tensor::FromVector(std::vector<float>{2});
  const tf::Tensor* first[] = {&one};
  const tf::Tensor* second[] = {&two};
  std::array<Answer, 3> answers;
  queue_->RunThen(first, {}, InCaller::kNever, answers[0].done());
  doubler_.WaitForRuns(1);
  queue_->RunThen(first, {}, InCaller::kNever, answers[1].done());
  queue_->RunThen(second, {}, InCaller::kNever, answers[2].done());
  EXPECT_EQ(queue_->waiting_rows(), 2);
  doubler_.Open();
  for (Answer& answer : answers) {
    answer.is_there.acquire();
    EXPECT_FALSE(answer.is_from_this_thread());
  }
  EXPECT_THAT(Values(answers[1].outputs), ElementsAre(2));
  EXPECT_THAT(Values(answers[2].outputs), ElementsAre(4));
  EXPECT_THAT(doubler_.sizes(), ElementsAre(1, 2));
}

TEST_F(BatchSchedulerTest, AThreadThatServesOthersRunsOnlyWhenNothingElseGoesOn) {
  Start({.num_batch_threads = 2});
  const tf::Tensor one = tf::Tensor::FromVector(std::vector<float>{1});
  const tf::Tensor* inputs[] = {&one};
  Answer idle;
  queue_->RunThen(inputs, {}, InCaller::kIfIdle, idle.done());
  EXPECT_TRUE(idle.is_from_this_thread());
  doubler_.Close();
  Answer busy;
  Answer beside;
  queue_->RunThen(inputs, {}, InCaller::kNever, busy.done());
  doubler_.WaitForRuns(2);
  queue_->RunThen(inputs, {}, InCaller::kIfIdle,
                  beside.done());  // returns while the door is closed
  doubler_.Open();
  busy.is_there.acquire();
  beside.is_there.acquire();
  EXPECT_FALSE(beside.is_from_this_thread());
}

TEST_F(BatchSchedulerTest, AnotherRunBeginsBesideALongOne) {
  Start({.num_batch_threads = 2});
  const std::jthread busy = KeepBusy();
  Outputs few;
  const std::jthread waits_a_moment = AskAside({1}, &few);
  doubler_.WaitForRuns(2);  // while the first goes on
  EXPECT_THAT(doubler_.sizes(), ElementsAre(1, 1));
  doubler_.Open();
}

TEST_F(BatchSchedulerTest, WhoIsRefusedIsToldAtOnce) {
  Start({.max_batch_size = 1, .max_enqueued_batches = 1});
  doubler_.Close();
  const tf::Tensor one = tf::Tensor::FromVector(std::vector<float>{1});
  const tf::Tensor two = tf::Tensor::FromVector(std::vector<float>{1, 2});
  const tf::Tensor* inputs[] = {&one};
  const tf::Tensor* too_many[] = {&two};
  Answer runs;
  Answer waits;
  Answer large;
  Answer more;
  queue_->RunThen(inputs, {}, InCaller::kNever, runs.done());
  doubler_.WaitForRuns(1);
  queue_->RunThen(inputs, {}, InCaller::kNever, waits.done());
  queue_->RunThen(too_many, {}, InCaller::kNever, large.done());
  queue_->RunThen(inputs, {}, InCaller::kNever, more.done());
  EXPECT_EQ(large.outputs.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(more.outputs.status().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(more.is_from_this_thread());
  doubler_.Open();
  runs.is_there.acquire();
  waits.is_there.acquire();
}

TEST_F(BatchSchedulerTest, ThoseWhoWaitAreToldOfTheirEndWhileAllThreadsAreBusy) {
  Start({});
  doubler_.Close();
  const tf::Tensor one = tf::Tensor::FromVector(std::vector<float>{1});
  const tf::Tensor* inputs[] = {&one};
  Answer runs;
  Answer late;
  Answer gone;
  std::atomic<bool> is_gone = false;
  queue_->RunThen(inputs, {}, InCaller::kNever, runs.done());
  doubler_.WaitForRuns(1);
  RunLimits short_one;
  short_one.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
  RunLimits cancelled;
  cancelled.is_cancelled = [&] { return is_gone.load(); };
  queue_->RunThen(inputs, cancelled, InCaller::kNever, gone.done());
  queue_->RunThen(inputs, short_one, InCaller::kNever, late.done());
  late.is_there.acquire();
  EXPECT_EQ(late.outputs.status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(late.outputs.status().message(),
            "Run() timeout exceeded while waiting in batching queue");
  is_gone = true;
  gone.is_there.acquire();
  EXPECT_EQ(gone.outputs.status().message(), "the client has cancelled the request");
  EXPECT_EQ(queue_->waiting_rows(), 0);
  doubler_.Open();
  runs.is_there.acquire();
  EXPECT_THAT(doubler_.sizes(), ElementsAre(1));
}

// The last request of a version that is no longer served lets it go, with its queue.
TEST_F(BatchSchedulerTest, AQueueMayGoWithItsLastRequest) {
  Start({.max_batch_size = 5, .enable_large_batch_splitting = true, .max_execution_batch_size = 2});
  const tf::Tensor five = tf::Tensor::FromVector(std::vector<float>{1, 2, 3, 4, 5});
  const tf::Tensor none = tf::Tensor::Allocate(tf::DataType::kFloat, {0});
  const tf::Tensor* inputs[] = {&five};
  const tf::Tensor* nothing[] = {&none};
  for (const bool in_parts : {false, true}) {
    Answer answer;
    auto queue =
        std::make_unique<BatchQueue>(&*scheduler_, std::vector<std::string>{"x"}, doubler_.run());
    BatchQueue* const borrowed = queue.get();
    borrowed->RunThen(in_parts ? inputs : nothing, {}, InCaller::kNever,
                      [&queue, done = answer.done()](RunOutputs outputs) {
                        queue.reset();
                        done(std::move(outputs));
                      });
    answer.is_there.acquire();
    ASSERT_TRUE(answer.outputs.ok()) << answer.outputs.status();
    EXPECT_EQ((*answer.outputs)[0].num_elements(), in_parts ? 5 : 0);
  }
}

// Many at once, with everything on: every answer is right, and nobody waits for ever.
TEST_F(BatchSchedulerTest, ManyThreadsGetTheirOwnAnswers) {
  Start({.max_batch_size = 16,
         .batch_timeout = std::chrono::microseconds(200),
         .max_enqueued_batches = 1000,
         .num_batch_threads = 3,
         .allowed_batch_sizes = {2, 4, 16}});
  constexpr int kThreads = 16;
  constexpr int kRequests = 200;
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kRequests; ++i) {
          const std::vector<float> x(size_t(1 + (i + t) % 5), float(1000 * t + i));
          const std::vector<float> y = Values(Ask(x));
          wrong += y.size() != x.size() || y[0] != 2 * x[0] || y.back() != 2 * x[0];
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace trainyard::serving
