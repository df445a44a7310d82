// What models leave behind in memory when they have gone: nothing. Thousands of reloads with
// TRAINYARD_RELOADS=10000 (e2e.many_reloads).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/files.h"
#include "base/log.h"
#include "serving/models/warm_up.h"
#include "serving/testing/test_models.h"
#include "serving/versions/manager.h"
#include "tf/runtime.h"

namespace trainyard::serving {
namespace {

constexpr int64_t kMebibyte = int64_t{1} << 20;
const TimePoint kNow = TimePoint() + std::chrono::hours(1);

// As trainyard-serve does, and before anything of TensorFlow runs.
const bool kPrepared = (tf::UseSystemAllocator(), true);

int64_t ResidentBytes() {
  int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

// What malloc has given out; unlike what is resident, not moved by where the holes are.
int64_t AllocatedBytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<int64_t>(info.uordblks + info.hblkhd);
}

int Reloads() {
  const char* asked = std::getenv("TRAINYARD_RELOADS");
  return asked == nullptr ? 150 : std::atoi(asked);
}

class MemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef TRAINYARD_SANITIZED
    GTEST_SKIP() << "the sanitizers keep what was freed";
#endif
    ASSERT_TRUE(kPrepared);
    SetLogOptions({.level = LogLevel::kWarning});
  }

  // Serves one more version and takes the one before away; a request is answered in between.
  void Reload(int version) {
    const std::string directory = WriteLineModel(dir_.path(), version, 0.5f);
    ASSERT_TRUE(manager_.Poll(kNow).ok());
    manager_.ReleaseUnused();
    ASSERT_EQ(manager_.Find({}).value()->id().version, version);
    ASSERT_TRUE(RemoveRecursively(JoinPath(dir_.path(), std::to_string(version - 1))).ok());
  }

  TemporaryDirectory dir_;
  LoadSlots slots_{0};
  VersionManager manager_{{.model = {.name = "line", .base_path = dir_.path()},
                           .session = {.intra_op_threads = 1, .inter_op_threads = 1},
                           .prepare =
                               [](const Servable& servable, const std::string&) {
                                 PrepareSignatures(servable);
                                 return OkStatus();
                               },
                           .slots = &slots_}};
};

TEST_F(MemoryTest, ReloadsDoNotGrow) {
  const int settled = Reloads() / 3;  // allocators and caches have found their size
  int64_t before = 0;
  int64_t allocated = 0;
  for (int version = 1; version <= Reloads(); ++version) {
    Reload(version);
    if (version != settled) continue;
    before = ResidentBytes();
    allocated = AllocatedBytes();
  }
  const int64_t grown = ResidentBytes() - before;
  RecordProperty("grown_bytes", std::to_string(grown));
  // Nothing of each reload: measured, 22.2 to 22.4 MB at any time of 10,000 of them.
  EXPECT_LT(AllocatedBytes() - allocated, kMebibyte + 128 * (Reloads() - settled));
  // Less than the counters of one path, which TensorFlow would keep of each reload. Measured after
  // 6,667 of them: 2 MB less in one run, 8 MiB more in another.
  EXPECT_LT(grown, kMebibyte + 2048 * (Reloads() - settled)) << Reloads() << " reloads";
}

TEST_F(MemoryTest, WhatALargeModelTookIsGivenBack) {
  constexpr int64_t kFloats = 32 * kMebibyte;  // 128 MiB
  Reload(1);
  const int64_t before = ResidentBytes();
  WriteHeavyModel(dir_.path(), 2, kFloats);
  ASSERT_TRUE(manager_.Poll(kNow).ok());
  EXPECT_GT(ResidentBytes() - before, kFloats * 4);
  Reload(3);
  EXPECT_LT(ResidentBytes() - before, 32 * kMebibyte);
}

}  // namespace
}  // namespace trainyard::serving
