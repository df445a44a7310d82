#include "train/checkpoints/chief_link.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/files.h"
#include "train/checkpoints/chief_directory.h"
#include "train/testing/chief_server.h"

namespace trainyard::train {
namespace {

using testing::ChiefServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::chrono::milliseconds kShort(100);

// The two ends.
struct Ends {
  ChiefServer server;
  std::unique_ptr<ChiefLink> chief = ChiefLink::Create({.target = server.target()}).value();
  std::unique_ptr<ChiefLink> evaluator =
      ChiefLink::Create({.target = "grpc://" + server.address()}).value();
};

TEST(ChiefLinkTest, TheEvaluatorLearnsWhereCheckpointsAre) {
  const Ends ends;
  const Status before = ends.evaluator->ReadModelDir().status();
  EXPECT_EQ(before.code(), StatusCode::kUnavailable);
  EXPECT_THAT(before.message(), HasSubstr("has not said yet where its checkpoints are"));
  ASSERT_TRUE(ends.chief->Announce("/models/digits").ok());
  EXPECT_EQ(ends.evaluator->ReadModelDir().value(), "/models/digits");
}

TEST(ChiefLinkTest, TheChiefHearsWhatItsFollowerHas) {
  const Ends ends;
  EXPECT_EQ(ends.chief->ReadFollower().value(), FollowerNews{});
  ASSERT_TRUE(ends.evaluator->SetFollower(FollowerState::kFollowing).ok());
  const FollowerNews first = ends.chief->ReadFollower().value();
  EXPECT_EQ(first.state, FollowerState::kFollowing);
  ASSERT_TRUE(ends.evaluator->SetFollower(FollowerState::kFollowing).ok());
  EXPECT_NE(ends.chief->ReadFollower().value(), first);
  ASSERT_TRUE(ends.evaluator->SetFollower(FollowerState::kHasAll).ok());
  EXPECT_EQ(ends.chief->ReadFollower().value().state, FollowerState::kHasAll);
}

TEST(ChiefLinkTest, FilesAreReadAndListedAtTheChief) {
  const TemporaryDirectory dir;
  const std::string odd = JoinPath(dir.path(), "a[b]*");  // no pattern
  ASSERT_TRUE(MakeDirectories(odd).ok());
  const std::string bytes("\0\xff model", 8);
  for (const char* name : {"model.ckpt-4.index", "model.ckpt-4.data-00000-of-00001"}) {
    ASSERT_TRUE(WriteFileAtomically(JoinPath(odd, name), bytes).ok());
  }
  ASSERT_TRUE(WriteFileAtomically(JoinPath(odd, "model.ckpt-40.index"), "other").ok());
  const Ends ends;
  ChiefCheckpoints source(ends.evaluator.get(), odd);
  EXPECT_EQ(source.Read("model.ckpt-4.index").value(), bytes);
  EXPECT_EQ(source.Read("model.ckpt-5.index").status().code(), StatusCode::kNotFound);
  auto listed = source.List("model.ckpt-4").value();
  std::sort(listed.begin(), listed.end());
  EXPECT_THAT(listed, ElementsAre("model.ckpt-4.data-00000-of-00001", "model.ckpt-4.index"));
}

TEST(ChiefLinkTest, ItIsTheSameDirectoryIfTheChiefSeesWhatIsWrittenHere) {
  const TemporaryDirectory dir;
  const TemporaryDirectory other;
  const Ends ends;
  const auto is_same = [&](const std::string& chief_dir) {
    return IsSameDirectory(ends.evaluator.get(), chief_dir, dir.path(), kShort).value();
  };
  EXPECT_TRUE(is_same(dir.path()));
  EXPECT_TRUE(is_same(dir.path() + "/."));
  EXPECT_FALSE(is_same(other.path()));
  EXPECT_FALSE(is_same("/nowhere"));
  EXPECT_TRUE(ListDirectory(dir.path()).value().empty());
}

TEST(ChiefLinkTest, NobodyAtTheAddressIsKnownByTheDeadline) {
  const auto link = ChiefLink::Create({.target = "grpc://127.0.0.1:1", .call_timeout = kShort});
  EXPECT_EQ(link.status().code(), StatusCode::kDeadlineExceeded) << link.status();
}

TEST(ChiefLinkTest, OneThatNeverAnswersIsKnownByTheDeadline) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(fd, 1), 0);
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string target = fmt::format("grpc://127.0.0.1:{}", ntohs(address.sin_port));
  const auto link = ChiefLink::Create({.target = target, .call_timeout = kShort});
  EXPECT_EQ(link.status().code(), StatusCode::kDeadlineExceeded) << link.status();
  ::close(fd);
}

}  // namespace
}  // namespace trainyard::train
