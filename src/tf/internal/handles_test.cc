#include "tf/internal/handles.h"

#include <gtest/gtest.h>

namespace trainyard::tf::internal {
namespace {

TEST(OneLineTest, JoinsLinesAndDropsWhatRepeats) {
  EXPECT_EQ(OneLine("plain"), "plain");
  EXPECT_EQ(OneLine("bad shape\n\t [[{{node x}}]]"), "bad shape [[{{node x}}]]");
  EXPECT_EQ(OneLine("From /job:ps: Socket closed\nAdditional GRPC error information from x:\n"
                    ":UNKNOWN:Error received from peer  {grpc_status:14}"),
            "From /job:ps: Socket closed");
  EXPECT_EQ(OneLine("=====\nUNAVAILABLE: a\n\n=====\n"), "UNAVAILABLE: a");
  EXPECT_EQ(OneLine(""), "");
}

}  // namespace
}  // namespace trainyard::tf::internal
