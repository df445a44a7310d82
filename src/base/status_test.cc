#include "base/status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace trainyard {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return InvalidArgumentError("{} is odd", n);
  return n / 2;
}

Result<int> Quarter(int n) {
  ASSIGN_OR_RETURN(const int half, Half(n));
  return Half(half);
}

Status CheckQuarter(int n) {
  RETURN_IF_ERROR(Quarter(n).status());
  return OkStatus();
}

TEST(StatusTest, CodesHaveTheNumbersOfGrpcAndTensorFlow) {
  EXPECT_EQ(static_cast<int>(StatusCode::kInvalidArgument), 3);
  EXPECT_EQ(static_cast<int>(StatusCode::kUnavailable), 14);
  EXPECT_EQ(static_cast<int>(StatusCode::kUnauthenticated), 16);
  EXPECT_EQ(StatusCodeName(StatusCode::kDataLoss), "DATA_LOSS");
  EXPECT_EQ(StatusCodeName(static_cast<StatusCode>(99)), "UNKNOWN");
}

TEST(StatusTest, ContextIsPutInFrontAndKeepsTheCode) {
  const Status inner = NotFoundError("no file {}", "a");
  const Status outer = inner.WithContext("cannot load model \"m\"");
  EXPECT_EQ(outer.code(), StatusCode::kNotFound);
  EXPECT_EQ(outer.message(), "cannot load model \"m\": no file a");
  EXPECT_TRUE(OkStatus().WithContext("x").ok());
}

TEST(StatusTest, ErrnoBecomesTheCodeThatFits) {
  EXPECT_EQ(ErrnoError(ENOENT, "cannot open {}", "/x").code(), StatusCode::kNotFound);
  EXPECT_EQ(ErrnoError(ENOSPC, "cannot write").code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrnoError(ENOENT, "cannot open {}", "/x").message(),
            "cannot open /x: No such file or directory");
}

TEST(ResultTest, MacrosPassFailuresUpAndValuesOn) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_EQ(Quarter(6).status().message(), "3 is odd");
  EXPECT_FALSE(CheckQuarter(5).ok());
  EXPECT_TRUE(CheckQuarter(4).ok());
}

TEST(ResultTest, HoldsMoveOnlyValues) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*std::move(result).value(), 3);
}

}  // namespace
}  // namespace trainyard
