#include "kube/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"

namespace trainyard::kube {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class CredentialsTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = JoinPath(directory_.path(), name);
    EXPECT_TRUE(WriteFileAtomically(path, text, false).ok());
    return path;
  }

  void Make(const Config& config) {
    credentials_ = Credentials::Make(
        config, {.steady_now = [this] { return steady_; },
                 .now = [this] { return now_; },
                 .run_plugin = [this](const ExecPlugin&) -> Result<ExecCredential> {
                   ++runs_;
                   if (!plugin_status_.ok()) return plugin_status_;
                   return answer_;
                 }});
  }

  void Advance(seconds time) {
    steady_ += time;
    now_ += time;
  }

  ShownCredentials Current() {
    const Result<ShownCredentials> shown = credentials_->Current();
    EXPECT_TRUE(shown.ok()) << shown.status();
    return shown.ok() ? *shown : ShownCredentials{};
  }

  std::string Authorization() {
    const ShownCredentials shown = Current();
    return shown.authorization ? *shown.authorization : "";
  }

  TemporaryDirectory directory_;
  std::chrono::steady_clock::time_point steady_{seconds(1000)};
  TimePoint now_{seconds(1'700'000'000)};
  int runs_ = 0;
  ExecCredential answer_{.token = "t1"};
  Status plugin_status_;
  std::unique_ptr<Credentials> credentials_;
};

TEST_F(CredentialsTest, OfSeveralKindsTheFirstIsShown) {
  Config config{.token_file = Write("token", "file\n"),
                .token = "text",
                .username = "u",
                .password = "p",
                .exec = {.command = "plugin"}};
  Make(config);
  EXPECT_EQ(Authorization(), "Bearer file");
  config.token_file.clear();
  Make(config);
  EXPECT_EQ(Authorization(), "Bearer text");
  config.token.clear();
  Make(config);
  EXPECT_EQ(Authorization(), "Basic dTpw");
  EXPECT_EQ(runs_, 0);
  config.username.clear();
  Make(config);
  EXPECT_EQ(Authorization(), "Bearer t1");
  Make({});
  EXPECT_EQ(Authorization(), "");
}

TEST_F(CredentialsTest, ATokenFileIsReadAgainEveryMinute) {
  const std::string path = Write("token", "one\n");
  Make({.token_file = path});
  const ShownCredentials first = Current();
  Write("token", "two\n");
  Advance(seconds(59));
  EXPECT_EQ(Current().version, first.version);
  EXPECT_EQ(Authorization(), "Bearer one");
  Advance(seconds(1));
  EXPECT_EQ(Authorization(), "Bearer two");
  EXPECT_NE(Current().version, first.version);
  EXPECT_EQ(Current().tls, first.tls);
}

TEST_F(CredentialsTest, TheOldTokenStaysWhileTheFileCannotBeRead) {
  const std::string path = Write("token", "one");
  Make({.token_file = path});
  EXPECT_EQ(Authorization(), "Bearer one");
  ASSERT_TRUE(RemoveRecursively(path).ok());
  Advance(seconds(60));
  EXPECT_EQ(Authorization(), "Bearer one");
  Write("token", " \n");
  Advance(seconds(60));
  EXPECT_EQ(Authorization(), "Bearer one");
  Write("token", "three");
  Advance(seconds(60));
  EXPECT_EQ(Authorization(), "Bearer three");
}

TEST_F(CredentialsTest, ATokenFileThatNeverCouldBeReadIsAFailure) {
  Make({.token_file = directory_.path() + "/none"});
  EXPECT_EQ(credentials_->Current().status().code(), StatusCode::kUnauthenticated);
  Write("none", "now");
  EXPECT_EQ(Authorization(), "Bearer now");
}

TEST_F(CredentialsTest, ATokenWithALineBreakIsNotSent) {
  Make({.token = "secret\r\nImpersonate-User: root"});
  const Status status = credentials_->Current().status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message().find("secret"), std::string::npos);
}

TEST_F(CredentialsTest, ARejectedTokenIsReadAtOnce) {
  Make({.token_file = Write("token", "one")});
  const ShownCredentials first = Current();
  Write("token", "two");
  credentials_->Reject(first.version);
  EXPECT_EQ(Authorization(), "Bearer two");
}

TEST_F(CredentialsTest, CertificatesAreReadAgain) {
  const Config config{.ca_pem = "ca1",
                      .ca_file = Write("ca", "ca1"),
                      .client_cert_file = Write("cert", "cert1"),
                      .client_key_file = Write("key", "key1")};
  Make(config);
  const ShownCredentials first = Current();
  EXPECT_EQ(first.tls->cert_pem, "cert1");
  Write("ca", "ca2");
  Advance(seconds(60));
  const ShownCredentials second = Current();
  EXPECT_EQ(second.tls->ca_pem, "ca2");
  EXPECT_NE(second.version, first.version);
  EXPECT_EQ(first.tls->ca_pem, "ca1");
}

TEST_F(CredentialsTest, APluginIsRunAgainShortlyBeforeItsTokenExpires) {
  answer_.expires = now_ + seconds(3600);
  Make({.exec = {.command = "plugin"}});
  EXPECT_EQ(Authorization(), "Bearer t1");
  answer_ = {.token = "t2"};
  Advance(seconds(3589));
  EXPECT_EQ(Authorization(), "Bearer t1");
  EXPECT_EQ(runs_, 1);
  Advance(seconds(1));
  EXPECT_EQ(Authorization(), "Bearer t2");
  Advance(seconds(1'000'000));
  EXPECT_EQ(Authorization(), "Bearer t2");
  EXPECT_EQ(runs_, 2);
}

TEST_F(CredentialsTest, APluginIsRunOnceForARejectedToken) {
  Make({.exec = {.command = "plugin"}});
  const ShownCredentials first = Current();
  answer_ = {.token = "t2"};
  credentials_->Reject(first.version);
  EXPECT_EQ(Authorization(), "Bearer t2");
  credentials_->Reject(first.version);  // of a request that had been under way
  EXPECT_EQ(Authorization(), "Bearer t2");
  EXPECT_EQ(runs_, 2);
  for (int i = 0; i < 10; ++i) {
    credentials_->Reject(Current().version);
    EXPECT_EQ(Authorization(), "Bearer t2");
  }
  EXPECT_EQ(runs_, 2);
  Advance(seconds(5));
  (void)Current();
  EXPECT_EQ(runs_, 3);
}

TEST_F(CredentialsTest, APluginThatFailsIsRunAgainForTheNextRequest) {
  plugin_status_ = UnavailableError("no network");
  Make({.exec = {.command = "plugin"}});
  EXPECT_EQ(credentials_->Current().status().code(), StatusCode::kUnavailable);
  plugin_status_ = OkStatus();
  EXPECT_EQ(Authorization(), "Bearer t1");
}

TEST_F(CredentialsTest, APluginsCertificateIsShownUnlessThereIsAnother) {
  answer_ = {.cert_pem = "c", .key_pem = "k"};
  Make({.exec = {.command = "plugin"}});
  EXPECT_EQ(Current().tls->cert_pem, "c");
  EXPECT_EQ(Authorization(), "");
  Make({.client_cert_pem = "mine", .client_key_pem = "k", .exec = {.command = "plugin"}});
  EXPECT_EQ(Current().tls->cert_pem, "mine");
}

}  // namespace
}  // namespace trainyard::kube
