#include "kube/work_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "kube/testing/fast_timers.h"

namespace trainyard::kube {
namespace {

using std::chrono::milliseconds;

class WorkQueueTest : public ::testing::Test {
 protected:
  testing::FastTimers timers_;
  std::unique_ptr<WorkQueue> queue_ = WorkQueue::Create(&timers_);
};

TEST_F(WorkQueueTest, AKeyIsInTheQueueOnce) {
  queue_->Add("a");
  queue_->Add("b");
  queue_->Add("a");
  EXPECT_EQ(queue_->depth(), 2u);
  EXPECT_EQ(queue_->Get(), "a");
  EXPECT_EQ(queue_->Get(), "b");
  EXPECT_EQ(queue_->depth(), 0u);
}

TEST_F(WorkQueueTest, AKeyAddedWhileItIsProcessedComesAgainWhenThatIsDone) {
  queue_->Add("a");
  EXPECT_EQ(queue_->Get(), "a");
  queue_->Add("a");
  queue_->Add("a");
  EXPECT_EQ(queue_->depth(), 0u);
  queue_->Done("a");
  EXPECT_EQ(queue_->depth(), 1u);
  EXPECT_EQ(queue_->Get(), "a");
  queue_->Done("a");
  EXPECT_EQ(queue_->depth(), 0u);
  queue_->Done("a");  // once too often
}

TEST_F(WorkQueueTest, OfSeveralDelaysTheEarliestHolds) {
  queue_->AddAfter("a", std::chrono::hours(5));
  queue_->AddAfter("a", milliseconds(1'000));
  queue_->AddAfter("a", std::chrono::hours(6));
  EXPECT_EQ(queue_->Get(), "a");
  queue_->Done("a");
  queue_->Add("b");
  EXPECT_EQ(queue_->Get(), "b");
  EXPECT_EQ(queue_->depth(), 0u);  // and no other
}

TEST_F(WorkQueueTest, FailuresDoubleTheDelayUntilForgotten) {
  auto queue = WorkQueue::Create(&timers_, {.longest_delay = milliseconds(30)});
  for (int i = 0; i < 5; ++i) {
    queue->AddRateLimited("a");
    EXPECT_EQ(queue->Get(), "a");
    queue->Done("a");
  }
  queue->Forget("a");
  queue->AddRateLimited("a");
  EXPECT_EQ(timers_.delays(), (std::vector{milliseconds(5), milliseconds(10), milliseconds(20),
                                           milliseconds(30), milliseconds(30), milliseconds(5)}));
}

TEST_F(WorkQueueTest, ShuttingDownEmptiesTheQueueFirst) {
  queue_->Add("a");
  queue_->AddAfter("late", std::chrono::hours(1));
  queue_->ShutDown();
  queue_->Add("b");
  queue_->AddAfter("c", milliseconds(1));
  EXPECT_EQ(queue_->Get(), "a");
  EXPECT_EQ(queue_->Get(), std::nullopt);
}

TEST_F(WorkQueueTest, ShuttingDownWakesThoseThatWait) {
  std::thread worker([&] { EXPECT_EQ(queue_->Get(), std::nullopt); });
  queue_->ShutDown();
  worker.join();
}

TEST_F(WorkQueueTest, TellsWhatHappens) {
  std::atomic<int> adds{0};
  std::atomic<int> waits{0};
  std::atomic<int> works{0};
  std::atomic<int> retries{0};
  auto queue = WorkQueue::Create(&timers_, {.on_add = [&] { ++adds; },
                                            .on_wait = [&](double) { ++waits; },
                                            .on_work = [&](double) { ++works; },
                                            .on_retry = [&] { ++retries; }});
  queue->Add("a");
  queue->Add("a");
  queue->Get();
  queue->AddRateLimited("a");
  queue->Done("a");
  queue->Get();
  queue->Done("a");
  // The second one is told by the timers' thread, while its key is worked on already.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (adds < 2 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(adds, 2);
  EXPECT_EQ(waits, 2);
  EXPECT_EQ(works, 2);
  EXPECT_EQ(retries, 1);
}

// Many writers, several workers: no key is lost and none is in two workers at a time.
TEST_F(WorkQueueTest, NoKeyIsInTwoWorkers) {
  constexpr int kKeys = 20;
  constexpr int kRounds = 500;
  std::mutex mutex;
  std::set<std::string> in_work;
  std::map<std::string, int> wanted;
  std::map<std::string, int> seen;  // the newest `wanted` that a worker has seen
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back([&] {
      while (const auto key = queue_->Get()) {
        {
          const std::lock_guard lock(mutex);
          EXPECT_TRUE(in_work.insert(*key).second);
          seen[*key] = wanted[*key];
        }
        std::this_thread::yield();
        {
          const std::lock_guard lock(mutex);
          in_work.erase(*key);
        }
        queue_->Done(*key);
      }
    });
  }
  for (int i = 0; i < kRounds; ++i) {
    const std::string key = std::to_string(i * 7 % kKeys);
    {
      const std::lock_guard lock(mutex);
      ++wanted[key];
    }
    if (i % 5 == 0) {
      queue_->AddAfter(key, milliseconds(i));
      queue_->Add(key);
    } else {
      queue_->Add(key);
    }
  }
  queue_->ShutDown();
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(seen, wanted);
}

}  // namespace
}  // namespace trainyard::kube
