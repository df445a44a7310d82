#include "net/http.h"

#include <gtest/gtest.h>

namespace trainyard::net {
namespace {

TEST(HttpTest, HeaderNamesCompareInAnyLetterCase) {
  const Headers headers = {{"content-TYPE", "a"}, {"Content-Type", "b"}, {"X", ""}};
  ASSERT_NE(FindHeader(headers, "Content-Type"), nullptr);
  EXPECT_EQ(*FindHeader(headers, "Content-Type"), "a");
  EXPECT_EQ(*FindHeader(headers, "x"), "");
  EXPECT_EQ(FindHeader(headers, "Content"), nullptr);
  EXPECT_EQ(FindHeader({}, ""), nullptr);
}

TEST(HttpTest, EncodesEverythingThatIsNotUnreserved) {
  EXPECT_EQ(PercentEncode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(PercentEncode("a b/c?d=e&f%+"), "a%20b%2Fc%3Fd%3De%26f%25%2B");
  EXPECT_EQ(PercentEncode("\xC3\xA4\n"), "%C3%A4%0A");
}

TEST(HttpTest, QueryKeepsTheOrder) {
  EXPECT_EQ(EncodeQuery({}), "");
  EXPECT_EQ(EncodeQuery({{"b", "x/y"}, {"a", ""}}), "b=x%2Fy&a=");
  EXPECT_EQ(EncodeQuery({{"labelSelector", "app in (a,b)"}}),
            "labelSelector=app%20in%20%28a%2Cb%29");
}

TEST(HttpTest, OnlyTwoHundredsAreSuccess) {
  for (const int status : {200, 201, 204, 299})
    EXPECT_TRUE(HttpResponse{.status = status}.is_success());
  for (const int status : {0, 199, 300, 404, 500}) {
    EXPECT_FALSE(HttpResponse{.status = status}.is_success());
  }
}

}  // namespace
}  // namespace trainyard::net
