#include "kube/port_forward.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kube/internal/port_channels.h"
#include "kube/testing/fake_web_socket.h"

namespace trainyard::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr int kPort = 8888;  // 0x22b8
const std::string kDataOpens("\0\xb8\x22", 3);
const std::string kErrorOpens("\1\xb8\x22", 3);

// A TCP connection to a port of this machine, with a deadline on reads.
class Connection {
 public:
  explicit Connection(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const timeval limit{.tv_sec = 30, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Write(std::string_view text) {
    EXPECT_EQ(send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // `size` bytes, or fewer at the end of the connection.
  std::string Read(size_t size) {
    std::string text;
    char c = 0;
    while (text.size() < size && recv(fd_, &c, 1, 0) == 1) text.push_back(c);
    return text;
  }

 private:
  const int fd_;
};

class PortForwardTest : public ::testing::Test {
 protected:
  PortForwardTest() { client_.subprotocol = "v4.channel.k8s.io"; }

  std::shared_ptr<FakePeer> AddPeer() {
    auto peer = std::make_shared<FakePeer>();
    peer->Send(kDataOpens);
    peer->Send(kErrorOpens);
    const std::lock_guard lock(client_.mutex);
    client_.peers.push_back(peer);
    return peer;
  }

  void Start() {
    auto forward = PortForward::Start(&client_, {.name_space = "n",
                                                 .pod = "p",
                                                 .remote_port = kPort,
                                                 .on_trouble = [this](const Status& status) {
                                                   const std::lock_guard lock(mutex_);
                                                   trouble_ = status;
                                                   changed_.notify_all();
                                                 }});
    ASSERT_TRUE(forward.ok()) << forward.status();
    forward_ = *std::move(forward);
  }

  Status WaitForTrouble() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(60), [&] { return !trouble_.ok(); });
    return trouble_;
  }

  FakeSocketClient client_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Status trouble_;
  std::unique_ptr<PortForward> forward_;
};

TEST_F(PortForwardTest, CarriesBothDirectionsOfSeveralConnections) {
  const auto first = AddPeer();
  Start();
  Connection one(forward_->local_port());
  one.Write("hello");
  EXPECT_THAT(first->WaitForWritten(1), ElementsAre(std::string("\0hello", 6)));
  const auto second = AddPeer();
  Connection two(forward_->local_port());
  two.Write("2");
  EXPECT_THAT(second->WaitForWritten(1), ElementsAre(std::string("\0002", 2)));
  second->Send(std::string("\0two", 4));
  first->Send(std::string("\0answer", 7));
  EXPECT_EQ(one.Read(6), "answer");
  EXPECT_EQ(two.Read(3), "two");
  EXPECT_EQ(client_.asked_path, "/api/v1/namespaces/n/pods/p/portforward");
  EXPECT_THAT(client_.asked_query, ElementsAre(Pair("ports", "8888")));
  EXPECT_THAT(client_.asked_subprotocols, ElementsAre("v4.channel.k8s.io"));
}

TEST_F(PortForwardTest, TheEndOfThePodsSideIsTheEndOfTheConnection) {
  const auto peer = AddPeer();
  Start();
  Connection one(forward_->local_port());
  peer->Send(std::string("\0bye", 4));
  peer->SendEnd();
  EXPECT_EQ(one.Read(100), "bye");
  EXPECT_TRUE(peer->WaitUntilClosed());
}

TEST_F(PortForwardTest, AnErrorOfThePodIsToldAndEndsTheConnection) {
  const auto peer = AddPeer();
  Start();
  Connection one(forward_->local_port());
  peer->Send("\1connection refused");
  EXPECT_EQ(one.Read(100), "");
  EXPECT_EQ(WaitForTrouble(),
            UnavailableError("cannot reach port 8888 of pod n/p: connection refused"));
}

TEST_F(PortForwardTest, APodThatIsNotThereIsTold) {
  client_.failure = NotFoundError("pods \"p\" not found");
  Start();
  Connection one(forward_->local_port());
  EXPECT_EQ(one.Read(100), "");
  EXPECT_EQ(WaitForTrouble().code(), StatusCode::kNotFound);
}

TEST_F(PortForwardTest, DestroyingItClosesConnectionsThatAreOpen) {
  const auto peer = AddPeer();
  Start();
  Connection one(forward_->local_port());
  one.Write("x");
  EXPECT_EQ(peer->WaitForWritten(1).size(), 1u);
  forward_.reset();
  EXPECT_EQ(one.Read(100), "");
  EXPECT_TRUE(peer->WaitUntilClosed());
}

TEST_F(PortForwardTest, APortThatIsInUseIsNotTakenAgain) {
  Start();
  const auto again =
      PortForward::Start(&client_, {.remote_port = 1, .local_port = forward_->local_port()});
  EXPECT_EQ(again.status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(PortForward::Start(&client_, {.remote_port = 0}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(PortChannelsTest, TheFirstMessageOfEachChannelIsThePort) {
  PortChannels channels(kPort);
  EXPECT_EQ(channels.Take(kErrorOpens)->content, "");
  EXPECT_EQ(channels.Take(kDataOpens)->content, "");
  EXPECT_EQ(channels.Take(kDataOpens)->content, "\xb8\x22");
  EXPECT_TRUE(channels.Take("\1no")->is_error);
}

TEST(PortChannelsTest, OtherMessagesAreRefused) {
  for (const std::string& message :
       {std::string(), std::string("\2ab"), std::string("\0a", 2), std::string("\0\1\1", 3)}) {
    PortChannels channels(kPort);
    EXPECT_EQ(channels.Take(message).status().code(), StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace trainyard::kube
