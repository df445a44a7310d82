#include "serving/batching/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
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
    RunLimits limits;
    limits.is_cancelled = [] { return true; };
    const std::jthread first = AskLater({1}, &gone, limits);
    const std::jthread second = AskLater({2}, &there);
    doubler_.Open();
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
