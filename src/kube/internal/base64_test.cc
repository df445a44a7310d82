#include "kube/internal/base64.h"

#include <gtest/gtest.h>

#include <random>

namespace trainyard::kube {
namespace {

TEST(Base64Test, FollowsTheExamplesOfTheRfc) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(EncodeBase64(bytes), text);
    EXPECT_EQ(DecodeBase64(text), bytes);
  }
}

TEST(Base64Test, PassesOverLineBreaks) { EXPECT_EQ(DecodeBase64("Zm9v\n  YmFy\r\n"), "foobar"); }

TEST(Base64Test, RefusesOtherText) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg=x", "====", "Zm9v=", "Zm9v====", "Z!==", "Zm9-"}) {
    EXPECT_FALSE(DecodeBase64(text)) << text;
  }
}

TEST(Base64Test, AnyBytesSurviveTheRoundTrip) {
  std::mt19937 random(1);
  for (size_t size = 0; size < 200; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_EQ(DecodeBase64(EncodeBase64(bytes)), bytes);
    (void)DecodeBase64(bytes);  // must only not crash
  }
}

}  // namespace
}  // namespace trainyard::kube
