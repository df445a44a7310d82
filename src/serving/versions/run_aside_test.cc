#include "serving/versions/run_aside.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace trainyard::serving {
namespace {

struct Priority {
  int policy;
  int nice;

  bool operator==(const Priority&) const = default;
};

Priority Mine() {
  const auto thread = static_cast<id_t>(syscall(SYS_gettid));
  return {sched_getscheduler(0), getpriority(PRIO_PROCESS, thread)};
}

TEST(RunAsideTest, LowersThePriorityOfThatThreadOnly) {
  const Priority before = Mine();
  Priority foreground{};
  Priority background{};
  RunAside(false, [&] { foreground = Mine(); });
  RunAside(true, [&] { background = Mine(); });
  EXPECT_EQ(foreground, before);
  EXPECT_EQ(background.policy, SCHED_BATCH);
  EXPECT_GT(background.nice, before.nice);
  EXPECT_EQ(Mine(), before);
}

TEST(RunAsideTest, GoesOnReadingAfterAnInterruption) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // some hundred interruptions
    EXPECT_EQ(write(ends[1], "x", 1), 1);
  });
  ssize_t read_bytes = 0;
  RunAside(true, [&] {
    char byte = 0;
    read_bytes = read(ends[0], &byte, 1);
  });
  writer.join();
  EXPECT_EQ(read_bytes, 1);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace trainyard::serving
