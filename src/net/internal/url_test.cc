#include "net/internal/url.h"

#include <gtest/gtest.h>

namespace trainyard::net {
namespace {

TEST(UrlTest, TakesUrlsApart) {
  const Url url = ParseUrl("https://kube.example:6443/api?limit=1#x").value();
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.host, "kube.example");
  EXPECT_EQ(url.port, 6443);
  EXPECT_EQ(url.target, "/api?limit=1");
  EXPECT_EQ(url.Authority(), "kube.example:6443");
  EXPECT_TRUE(url.is_tls());
}

TEST(UrlTest, FillsInPortAndPath) {
  EXPECT_EQ(ParseUrl("https://h")->port, 443);
  EXPECT_EQ(ParseUrl("wss://h")->port, 443);
  EXPECT_EQ(ParseUrl("ws://h?q")->port, 80);
  EXPECT_EQ(ParseUrl("ws://h?q")->target, "/?q");
  EXPECT_EQ(ParseUrl("http://h:80")->target, "/");
  EXPECT_EQ(ParseUrl("http://h:80")->Authority(), "h");
  EXPECT_FALSE(ParseUrl("http://h")->is_tls());
}

TEST(UrlTest, KnowsIpv6) {
  const Url url = ParseUrl("https://[::1]:6443/x").value();
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.port, 6443);
  EXPECT_EQ(url.Authority(), "[::1]:6443");
}

TEST(UrlTest, RefusesWhatIsNoUrl) {
  for (const char* text :
       {"", "x", "host:80", "ftp://h", "http://", "http://:80", "http://h:0", "http://h:65536",
        "http://h:x", "http://h:1x", "http://[::1", "http://[x]:1", "http://[::1]80",
        "http://h/a b", "http://h/\r\nX: y", "http://user:secret@h/"}) {
    const auto url = ParseUrl(text);
    ASSERT_FALSE(url.ok()) << text;
    EXPECT_EQ(url.error().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(url.error().message().find("secret"), std::string::npos);
  }
}

TEST(UrlTest, TellsAddressesFromNames) {
  EXPECT_TRUE(IsIpAddress("127.0.0.1"));
  EXPECT_TRUE(IsIpAddress("fe80::1"));
  EXPECT_FALSE(IsIpAddress("localhost"));
  EXPECT_FALSE(IsIpAddress("1.2.3"));
}

}  // namespace
}  // namespace trainyard::net
