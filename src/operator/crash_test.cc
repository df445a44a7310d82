// The operator dies between any two of its writes, and the next one finishes its work: no pod is
// made twice, none is left over, no restart is forgotten.
#include <gtest/gtest.h>

#include <tuple>

#include "operator/testing/operator_world.h"

namespace trainyard::operators {
namespace {

using testing::OperatorTest;
using testing::Process;

TEST_F(OperatorTest, AnUndisturbedJobComesToItsEnd) {
  Process process(&api_);
  ASSERT_TRUE(Run());
  ExpectSoundEnd("undisturbed");
}

class KilledTest : public OperatorTest,
                   public ::testing::WithParamInterface<std::tuple<int, bool>> {};

TEST_P(KilledTest, TheNextOneFinishesTheWork) {
  const auto [writes, is_answer_lost] = GetParam();
  api_.KillAfterWrites(writes, is_answer_lost);
  {
    Process process(&api_);
    ASSERT_TRUE(Run());
  }
  if (api_.is_killed()) api_.Revive();
  Process next(&api_);
  ASSERT_TRUE(Run());
  ExpectSoundEnd(fmt::format("killed after write {}, answer {}", writes,
                             is_answer_lost ? "lost" : "received"));
}

INSTANTIATE_TEST_SUITE_P(AtEveryWrite, KilledTest,
                         ::testing::Combine(::testing::Range(0, 26), ::testing::Bool()));

}  // namespace
}  // namespace trainyard::operators
