#include "serving/access/token_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"

namespace trainyard::serving {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kOne[] = "0123456789abcdef";
constexpr char kTwo[] = "fedcba9876543210fed~=";

TEST(TokenCheckTest, LetsEverybodyInWithoutTokens) {
  EXPECT_FALSE(TokenCheck().is_needed());
  EXPECT_EQ(TokenCheck().Check(""), OkStatus());
}

TEST(TokenCheckTest, KnowsTheTokensOfTheFile) {
  const TokenCheck check =
      TokenCheck::Parse(fmt::format("# ours\n{}\r\n\n   {}\t\n", kOne, kTwo)).value();
  EXPECT_TRUE(check.is_needed());
  EXPECT_EQ(check.Check(fmt::format("Bearer {}", kOne)), OkStatus());
  EXPECT_EQ(check.Check(fmt::format("bearer  {} ", kTwo)), OkStatus());
  for (const std::string& wrong :
       {std::string(), std::string(kOne), fmt::format("Basic {}", kOne), std::string("Bearer"),
        std::string("Bearer "), fmt::format("Bearer {}0", kOne), fmt::format("Bearer {}", "0123"),
        fmt::format("Bearer {}{}", kOne, kOne), fmt::format("Bearer {} {}", kOne, kTwo)}) {
    const Status status = check.Check(wrong);
    EXPECT_EQ(status.code(), StatusCode::kUnauthenticated) << wrong;
    EXPECT_THAT(status.message(), Not(HasSubstr(kOne)));
  }
}

TEST(TokenCheckTest, RefusesFilesThatProtectNothing) {
  EXPECT_THAT(TokenCheck::Parse("# none\n\n").status().message(), HasSubstr("there is no token"));
  const Status brief = TokenCheck::Parse("\nsecret\n").status();
  EXPECT_EQ(brief.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(brief.message(), "the token in line 2 has fewer than 16 characters");
  const Status odd = TokenCheck::Parse("0123456789 abcdef\n").status();
  EXPECT_THAT(odd.message(), HasSubstr("the token in line 1 has characters other than"));
  EXPECT_EQ(TokenCheck::FromFile("/no/such/file").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace trainyard::serving
