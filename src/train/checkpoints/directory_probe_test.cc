#include "train/checkpoints/directory_probe.h"

#include <gtest/gtest.h>

#include "base/files.h"

namespace trainyard::train {
namespace {

constexpr std::chrono::milliseconds kNoPatience(0);

TEST(DirectoryProbeTest, IsThereWhileTheObjectLives) {
  const TemporaryDirectory dir;
  {
    const DirectoryProbe probe = DirectoryProbe::Write(dir.path(), "chief").value();
    EXPECT_TRUE(PathExists(probe.path()));
    EXPECT_TRUE(
        probe.AwaitThere(kNoPatience, [&] { return ReadFile(probe.path()).status(); }).ok());
  }
  EXPECT_TRUE(ListDirectory(dir.path()).value().empty());
}

TEST(DirectoryProbeTest, RemovesWhatAKilledOneOfItsRoleHasLeft) {
  const TemporaryDirectory dir;
  for (const char* name : {".shared-chief-1-a", ".shared-evaluator-2-b", "checkpoint"}) {
    ASSERT_TRUE(WriteFileAtomically(JoinPath(dir.path(), name), "x").ok());
  }
  ASSERT_TRUE(DirectoryProbe::Write(dir.path(), "chief").ok());
  EXPECT_EQ(ListDirectory(dir.path()).value(),
            (std::vector<std::string>{".shared-evaluator-2-b", "checkpoint"}));
}

TEST(DirectoryProbeTest, LooksAgainForAFileThatIsLate) {
  const TemporaryDirectory dir;
  const DirectoryProbe probe = DirectoryProbe::Write(dir.path(), "chief").value();
  int looks = 0;
  const auto late = [&] { return ++looks < 3 ? NotFoundError("not yet") : OkStatus(); };
  EXPECT_TRUE(probe.AwaitThere(std::chrono::minutes(1), late).ok());
  EXPECT_EQ(looks, 3);
  const auto never = [] { return NotFoundError("never"); };
  EXPECT_EQ(probe.AwaitThere(kNoPatience, never).code(), StatusCode::kNotFound);
  const auto lost = [] { return UnavailableError("lost"); };
  EXPECT_EQ(probe.AwaitThere(std::chrono::minutes(1), lost).code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace trainyard::train
