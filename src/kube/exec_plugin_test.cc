#include "kube/exec_plugin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/files.h"
#include "kube/internal/child_process.h"

namespace trainyard::kube {
namespace {

using ::testing::HasSubstr;

constexpr char kV1[] = "client.authentication.k8s.io/v1";

class ExecPluginTest : public ::testing::Test {
 protected:
  // A plugin that is this shell script.
  ExecPlugin Script(const std::string& lines) {
    const std::string path = JoinPath(directory_.path(), "plugin");
    EXPECT_TRUE(WriteFileAtomically(path, "#!/bin/sh\n" + lines + "\n").ok());
    EXPECT_EQ(chmod(path.c_str(), 0700), 0);
    return {.api_version = kV1, .command = path, .interactive_mode = "Never"};
  }

  TemporaryDirectory directory_;
};

std::string Answer(const std::string& status) {
  return R"({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": )" +
         status + "}";
}

TEST_F(ExecPluginTest, GivesWhatTheProgramPrints) {
  const auto credential = RunExecPlugin(
      Script("cat <<X\n" +
             Answer(R"({"token": "t", "expirationTimestamp": "2026-01-02T03:04:05Z"})") + "\nX"));
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->token, "t");
  EXPECT_EQ(credential->expires, ParseTime("2026-01-02T03:04:05Z"));
}

TEST_F(ExecPluginTest, PassesArgumentsAndEnvironmentAsTheyAre) {
  setenv("TRAINYARD_TEST_INHERITED", "inherited", 1);
  setenv("TRAINYARD_TEST_BOTH", "ours", 1);
  ExecPlugin plugin = Script(
      "printf '{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": "
      "\"ExecCredential\", \"status\": {\"token\": \"%s|%s|%s|%s\"}}' \"$1\" "
      "\"$TRAINYARD_TEST_INHERITED\" \"$TRAINYARD_TEST_BOTH\" \"$(cat | wc -c | tr -d ' ')\"");
  plugin.args = {"a b; $(echo no)"};
  plugin.env = {{"TRAINYARD_TEST_BOTH", "the plugin's"}};
  const auto credential = RunExecPlugin(plugin);
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->token, "a b; $(echo no)|inherited|the plugin's|0");
}

TEST_F(ExecPluginTest, TellsTheProgramAboutTheCluster) {
  ExecPlugin plugin = Script("printf '%s' \"$KUBERNETES_EXEC_INFO\" > \"$(dirname \"$0\")/info\"");
  plugin.provide_cluster_info = true;
  plugin.cluster_info = {{"server", "https://h:1"}};
  EXPECT_FALSE(RunExecPlugin(plugin).ok());
  const auto info = ReadFile(JoinPath(directory_.path(), "info"));
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(Json::parse(*info), Json::parse(R"({
    "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
    "spec": {"interactive": false, "cluster": {"server": "https://h:1"}}})"));
}

TEST_F(ExecPluginTest, OneThatIsNotInstalledSaysHowToInstallIt) {
  const auto credential = RunExecPlugin({.api_version = kV1,
                                         .command = "trainyard-no-such-plugin",
                                         .install_hint = "run\ninstall-it",
                                         .interactive_mode = "Never"});
  EXPECT_EQ(credential.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(credential.status().message(), HasSubstr("trainyard-no-such-plugin"));
  EXPECT_THAT(credential.status().message(), HasSubstr("run install-it"));
}

TEST_F(ExecPluginTest, OneThatFailsIsNoCredential) {
  const auto credential = RunExecPlugin(Script("echo secret; exit 3"));
  EXPECT_EQ(credential.status().code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(credential.status().message(), HasSubstr("exit code 3"));
  EXPECT_EQ(credential.status().message().find("secret"), std::string::npos);
}

TEST_F(ExecPluginTest, OneThatDoesNotEndIsKilledWithItsChildren) {
  const auto credential =
      RunExecPlugin(Script("sleep 1000 & echo $! > \"$(dirname \"$0\")/child\"; wait"),
                    {.deadline = std::chrono::milliseconds(300)});
  EXPECT_EQ(credential.status().code(), StatusCode::kDeadlineExceeded);
}

TEST_F(ExecPluginTest, OneThatPrintsWithoutEndIsKilled) {
  const auto credential = RunExecPlugin(Script("cat /dev/zero"));
  EXPECT_EQ(credential.status().code(), StatusCode::kResourceExhausted);
}

TEST_F(ExecPluginTest, AProcessThatItLeavesBehindIsNotWaitedFor) {
  const auto credential =
      RunExecPlugin(Script("cat <<X\n" + Answer(R"({"token": "t"})") + "\nX\nsleep 20 &"));
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->token, "t");
}

TEST_F(ExecPluginTest, OneThatMustTalkNeedsATerminal) {
  if (isatty(0) == 1) GTEST_SKIP() << "standard input is a terminal";
  ExecPlugin plugin = Script("exit 0");
  plugin.interactive_mode = "Always";
  EXPECT_EQ(RunExecPlugin(plugin).status().code(), StatusCode::kFailedPrecondition);
}

TEST(ParseExecCredentialTest, TakesOnlyWholeCredentialsOfTheRightVersion) {
  const ExecPlugin plugin{.api_version = kV1, .command = "p"};
  EXPECT_EQ(
      ParseExecCredential(plugin, Answer(R"({"clientCertificateData": "C", "clientKeyData": "K"})"))
          ->cert_pem,
      "C");
  const std::string bad[] = {
      "",
      "secret",
      "[]",
      Answer("{}"),
      Answer("\"secret\""),
      Answer(R"({"clientCertificateData": "secret"})"),
      Answer(R"({"clientKeyData": "secret", "token": "secret"})"),
      Answer(R"({"token": "secret", "expirationTimestamp": "soon"})"),
      Answer(R"({"token": 5})"),
      R"({"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential",
          "status": {"token": "secret"}})",
      R"({"apiVersion": "client.authentication.k8s.io/v1", "kind": "Token",
          "status": {"token": "secret"}})",
  };
  for (const std::string& text : bad) {
    const auto credential = ParseExecCredential(plugin, text);
    ASSERT_FALSE(credential.ok()) << text;
    EXPECT_EQ(credential.error().code(), StatusCode::kUnauthenticated);
    EXPECT_EQ(credential.error().message().find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace trainyard::kube
