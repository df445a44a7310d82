#include "train/chief_link.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace trainyard::train {
namespace {

RunConfig ConfigOf(const std::string& cluster, const std::string& task, bool save_on_chief = true) {
  ::setenv(
      "TF_CONFIG",
      fmt::format(R"({{"cluster":{},"task":{{"type":"{}","index":0}}}})", cluster, task).c_str(),
      1);
  RunConfig config{.model_dir = "m", .save_on_chief = save_on_chief};
  EXPECT_TRUE(config.ReadEnvironment().ok());
  ::unsetenv("TF_CONFIG");
  return config;
}

constexpr char kServers[] = R"({"chief":["127.0.0.1:77"],"ps":["b:1"],"worker":["c:1"]})";
constexpr char kAllReduce[] = R"({"chief":["a:1"],"worker":["c:1"]})";
constexpr char kAlone[] = R"({"chief":["a:1"]})";

TEST(ChiefLinkTest, AChiefWithAServerFeedsTheEvaluatorIfItSavesAlone) {
  EXPECT_TRUE(FeedsEvaluator(ConfigOf(kServers, "chief")));
  EXPECT_TRUE(FeedsEvaluator(ConfigOf(kAlone, "chief")));
  EXPECT_FALSE(FeedsEvaluator(ConfigOf(kAllReduce, "chief")));
  EXPECT_FALSE(FeedsEvaluator(ConfigOf(kServers, "worker")));
  EXPECT_FALSE(FeedsEvaluator(ConfigOf(kServers, "chief", /*save_on_chief=*/false)));
}

TEST(ChiefLinkTest, AnEvaluatorKnowsTheAddressWhereThereIsAServer) {
  EXPECT_EQ(ConfigOf(kServers, "evaluator").task.chief_address, "127.0.0.1:77");
  EXPECT_EQ(ConfigOf(kAlone, "evaluator").task.chief_address, "a:1");
  EXPECT_EQ(ConfigOf(kAllReduce, "evaluator").task.chief_address, "");
}

TEST(ChiefLinkTest, TheOwnServersTargetIsByItsPort) {
  EXPECT_EQ(ServerTarget(ConfigOf(kServers, "chief")), "grpc://localhost:77");
}

TEST(ChiefLinkTest, NobodyAtTheAddressIsUnavailable) {
  const auto link = ChiefLink::Create("grpc://127.0.0.1:1");
  EXPECT_EQ(link.status().code(), StatusCode::kUnavailable) << link.status();
}

}  // namespace
}  // namespace trainyard::train
