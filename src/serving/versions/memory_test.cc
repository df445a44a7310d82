// What models leave behind in memory when they have gone: nothing. Thousands of reloads with
// TRAINYARD_RELOADS=10000 (e2e.many_reloads).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
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

int Reloads() {
  const char* asked = std::getenv("TRAINYARD_RELOADS");
  return asked == nullptr ? 150 : std::atoi(asked);
}

class MemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
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
  for (int version = 1; version <= Reloads(); ++version) {
    Reload(version);
    if (version == settled) before = ResidentBytes();
  }
  const int64_t grown = ResidentBytes() - before;
  RecordProperty("grown_bytes", std::to_string(grown));
  // Less than the counters of one path, which TensorFlow would keep of each reload. Measured: 16
  // KiB after 600 of them, 8 MiB after 6,667.
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
