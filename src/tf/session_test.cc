#include "tf/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tf/ops.h"
#include "tf/runtime.h"

namespace trainyard::tf {
namespace {

TEST(SessionTest, KeepsVariablesBetweenRuns) {
  Graph graph;
  const Scope scope(&graph);
  const Output handle = scope.Op("VarHandleOp", "v")
                            .Type("dtype", DataType::kFloat)
                            .ShapeOf("shape", {})
                            .String("shared_name", "v")
                            .Out();
  const Operation init = scope.Op("AssignVariableOp")
                             .In(handle)
                             .In(Const(scope, 1.5f))
                             .Type("dtype", DataType::kFloat)
                             .Finish();
  const Output read = scope.Op("ReadVariableOp").In(handle).Type("dtype", DataType::kFloat).Out();
  auto session = Session::Create(graph, {}).value();
  const Status before = session->Run({}, {read}, {}).status();
  EXPECT_EQ(before.code(), StatusCode::kFailedPrecondition);
  ASSERT_TRUE(session->Run(init).ok());
  EXPECT_EQ(session->Run({}, {read}, {}).value()[0].scalar<float>(), 1.5f);
}

TEST(SessionTest, ErrorsCarryTensorFlowsCodeAndText) {
  Graph graph;
  const Scope scope(&graph);
  const Output x = Placeholder(scope, DataType::kFloat, {-1}, "x");
  const Output y = Identity(scope, x);
  auto session = Session::Create(graph, {}).value();
  const Tensor wrong = Tensor::Scalar<int64_t>(1);
  const Status status = session->Run({{x, &wrong}}, {y}, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), ::testing::HasSubstr("float"));
}

TEST(SessionTest, EncodesTheConfigurationByFieldNumber) {
  SessionConfig config;
  config.intra_op_threads = 2;
  config.device_filters = {"/job:ps"};
  config.bfloat16 = true;
  config.remapping = false;
  config.call_timeout = std::chrono::milliseconds(5);
  EXPECT_EQ(
      EncodeConfig(config),
      std::string("\x10\x02\x22\x07/job:ps\x38\x01\x58\x05\x82\x01\x02\x48\x01\x52\x07\x52\x05"
                  "\x70\x02\xf8\x01\x01"));
  config = {.spinning = true};
  EXPECT_EQ(EncodeConfig(config), "\x38\x01");
}

TEST(SessionTest, ACallToAServerThatIsNotThereEndsAtItsLimit) {
  Graph graph;
  const Output two = Const(Scope(&graph), 2.0f);
  SessionOptions options{.target = "grpc://127.0.0.1:1", .config = {}};
  options.config.call_timeout = std::chrono::milliseconds(100);
  auto session = Session::Create(graph, options).value();
  const Status status = session->Run({}, {two}, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
  const std::vector<Output> fetches = {two};
  const Status within = session->RunWithin(std::chrono::milliseconds(50), {}, fetches, {}).status();
  EXPECT_EQ(within.code(), StatusCode::kDeadlineExceeded) << within;
}

TEST(RuntimeTest, IsTheVersionWePinned) { EXPECT_EQ(RuntimeVersion(), "2.21.0"); }

}  // namespace
}  // namespace trainyard::tf
