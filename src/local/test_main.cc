// Tests of the runner start real guardian processes, which are this executable started again.
#include <gtest/gtest.h>

#include "local/process/guardian.h"

int main(int argc, char** argv) {
  if (const auto code = trainyard::local::RunGuardianIfAsked(argc, argv)) return *code;
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
