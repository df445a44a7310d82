#include "serving/frontends/grpc/call_threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace trainyard::serving {
namespace {

TEST(CallThreadsTest, AsManyRunAtTheSameTimeAsThereMayBe) {
  std::latch all_run(3);
  CallThreads threads(3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(threads.Post([&] { all_run.arrive_and_wait(); }));
  }
  all_run.wait();
}

TEST(CallThreadsTest, OneMoreIsRefusedUntilOneIsDone) {
  std::latch may_end(1);
  std::atomic<int> done = 0;
  CallThreads threads(1);
  ASSERT_TRUE(threads.Post([&] {
    may_end.wait();
    ++done;
  }));
  while (threads.Post([] {})) std::this_thread::yield();  // until the first is being run
  EXPECT_EQ(done, 0);
  may_end.count_down();
  while (!threads.Post([&] { ++done; })) std::this_thread::yield();
}

TEST(CallThreadsTest, WhatWasPostedIsDoneBeforeItGoes) {
  std::atomic<int> done = 0;
  {
    CallThreads threads(4);
    for (int i = 0; i < 100; ++i) {
      while (!threads.Post([&] { ++done; })) std::this_thread::yield();
    }
  }
  EXPECT_EQ(done, 100);
}

}  // namespace
}  // namespace trainyard::serving
