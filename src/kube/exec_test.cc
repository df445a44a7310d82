#include "kube/exec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "kube/internal/exec_channels.h"
#include "kube/testing/fake_web_socket.h"

namespace trainyard::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr char kSuccess[] = R"({"metadata": {}, "status": "Success"})";
constexpr char kExit7[] = R"({"status": "Failure", "reason": "NonZeroExitCode", "message": "exit 7",
    "details": {"causes": [{"reason": "ExitCode", "message": "7"}]}})";

class ExecTest : public ::testing::Test {
 protected:
  ExecTest() {
    client_.peers.push_back(peer_);
    client_.subprotocol = kChannelV5;
  }

  Result<int> Run(ExecOptions options = {}) {
    options.name_space = "n";
    options.pod = "p";
    options.command = {"sh", "-c", "a b"};
    return Exec(&client_, options,
                {.on_stdout = [this](std::string_view text) { stdout_ += text; },
                 .on_stderr = [this](std::string_view text) { stderr_ += text; }});
  }

  std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  FakeSocketClient client_;
  std::string stdout_;
  std::string stderr_;
};

TEST_F(ExecTest, GivesOutputAndExitCode) {
  peer_->Send(std::string("\1", 1));
  peer_->Send("\1out");
  peer_->Send("\2err");
  peer_->Send("\1more");
  peer_->Send(std::string("\3") + kExit7);
  peer_->SendEnd();
  const Result<int> code = Run({.container = "c"});
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 7);
  EXPECT_EQ(stdout_, "outmore");
  EXPECT_EQ(stderr_, "err");
  EXPECT_EQ(client_.asked_path, "/api/v1/namespaces/n/pods/p/exec");
  EXPECT_THAT(client_.asked_query,
              ElementsAre(Pair("container", "c"), Pair("command", "sh"), Pair("command", "-c"),
                          Pair("command", "a b"), Pair("stdout", "true"), Pair("stderr", "true")));
  EXPECT_THAT(client_.asked_subprotocols, ElementsAre(kChannelV5, kChannelV4));
}

TEST_F(ExecTest, GivesStandardInputAndItsEnd) {
  const std::string text(100'000, 'x');
  peer_->Send(std::string("\3") + kSuccess);
  std::jthread server([&] {
    (void)peer_->WaitForWritten(5);
    peer_->SendEnd();
  });
  EXPECT_EQ(*Run({.stdin_text = text, .has_stdin = true}), 0);
  const std::vector<std::string> written = peer_->WaitForWritten(5);
  ASSERT_EQ(written.size(), 5u);
  std::string got;
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(written[i][0], 0);
    got += written[i].substr(1);
  }
  EXPECT_EQ(got, text);
  EXPECT_EQ(written[4], std::string("\xff\0", 2));
}

TEST_F(ExecTest, OldServersAreNotToldOfTheEndOfInput) {
  client_.subprotocol = kChannelV4;
  std::jthread server([&] {
    (void)peer_->WaitForWritten(1);
    peer_->Send(std::string("\3") + kSuccess);
    peer_->SendEnd();
  });
  EXPECT_EQ(*Run({.stdin_text = "x", .has_stdin = true}), 0);
  EXPECT_THAT(peer_->WaitForWritten(1), ElementsAre(std::string("\0x", 2)));
}

TEST_F(ExecTest, AnEndThatIsLostIsNotWaitedForLong) {
  peer_->Send(std::string("\3") + kSuccess);
  EXPECT_EQ(*Run({.timeout = std::chrono::milliseconds(50)}), 0);
}

TEST_F(ExecTest, ACommandThatTakesTooLongIsADeadline) {
  const Result<int> code = Run({.timeout = std::chrono::milliseconds(20)});
  EXPECT_EQ(code.status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(code.status().message(), HasSubstr("cannot run sh in pod n/p"));
  EXPECT_TRUE(peer_->WaitUntilClosed());
}

TEST_F(ExecTest, AConnectionThatEndsEarlyIsAFailure) {
  peer_->Send("\1half");
  peer_->SendEnd();
  EXPECT_EQ(Run().status().code(), StatusCode::kUnavailable);
}

TEST_F(ExecTest, WhatTheServerRefusesIsAFailure) {
  client_.failure = NotFoundError("pods \"p\" not found");
  EXPECT_EQ(Run().status(), NotFoundError("cannot run sh in pod n/p: pods \"p\" not found"));
}

TEST(ExecChannelsTest, TellsExitCodesFromFailures) {
  EXPECT_EQ(*ParseExitCode("x", kSuccess), 0);
  EXPECT_EQ(*ParseExitCode("x", kExit7), 7);
  EXPECT_EQ(ParseExitCode("x", R"({"status": "Failure", "code": 500, "message": "no such file"})")
                .status(),
            FailedPreconditionError("cannot x: no such file"));
  EXPECT_EQ(ParseExitCode("x", R"({"status": "Failure", "code": 404, "message": "none"})")
                .status()
                .code(),
            StatusCode::kNotFound);
  EXPECT_FALSE(ParseExitCode("x", "{}").ok());
  EXPECT_FALSE(ParseExitCode("x", "boom").ok());
  EXPECT_FALSE(ParseExitCode("x", R"({"status": "Failure", "reason": "NonZeroExitCode"})").ok());
}

TEST(ExecChannelsTest, AFailureIsNeverTheCodeOfSuccess) {
  EXPECT_FALSE(ParseExitCode("x", R"({"status": "Failure", "reason": "NonZeroExitCode",
      "details": {"causes": [{"reason": "ExitCode", "message": "0"}]}})")
                   .ok());
}

TEST(ExecChannelsTest, KnowsItsChannelsAndNoOthers) {
  EXPECT_EQ(ParseExecMessage("\1ab")->content, "ab");
  EXPECT_EQ(ParseExecMessage("\xff\1")->channel, ExecChannel::kClose);
  EXPECT_FALSE(ParseExecMessage(""));
  EXPECT_FALSE(ParseExecMessage("\5x"));
  EXPECT_FALSE(ParseExecMessage("\x80x"));
}

}  // namespace
}  // namespace trainyard::kube
