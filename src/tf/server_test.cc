#include "tf/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tf/ops.h"

namespace trainyard::tf {
namespace {

int PortOf(const Server& server) {
  return std::stoi(server.target().substr(server.target().rfind(':') + 1));
}

// The local addresses, in the kernel's notation, on which somebody listens at `port`.
std::vector<std::string> ListeningAt(int port) {
  std::vector<std::string> addresses;
  const std::string suffix = fmt::format(":{:04X}", port);
  for (const char* table : {"/proc/self/net/tcp", "/proc/self/net/tcp6"}) {
    std::ifstream lines(table);
    std::string number;
    std::string local;
    std::string remote;
    std::string state;
    std::string rest;
    std::getline(lines, rest);
    while (lines >> number >> local >> remote >> state && std::getline(lines, rest)) {
      if (state == "0A" && local.ends_with(suffix)) {
        addresses.push_back(local.substr(0, local.size() - suffix.size()));
      }
    }
  }
  return addresses;
}

ServerOptions OneTask(const std::string& address) {
  return {.cluster = {{"ps", {{0, address}}}}, .job = "ps", .task = 0, .config = {}};
}

TEST(ServerTest, RunsGraphsOfSessionsThatKnowItsTarget) {
  const Server server = Server::Start(OneTask("127.0.0.1:0")).value();
  Graph graph;
  const Scope scope(&graph);
  const Output sum = Add(scope, Const(scope, 2.0f), Const(scope, 3.0f));
  auto session = Session::Create(graph, {.target = server.target(), .config = {}}).value();
  EXPECT_EQ(session->Run({}, {sum}, {}).value()[0].scalar<float>(), 5.0f);
}

TEST(ServerTest, AClusterOnThisMachineIsNotReachableFromOthers) {
  const Server server = Server::Start(OneTask("127.0.0.1:0")).value();
  const std::vector<std::string> addresses = ListeningAt(PortOf(server));
  ASSERT_FALSE(addresses.empty());
  for (const std::string& address : addresses) {
    EXPECT_TRUE(address == "0100007F" || address == "0000000000000000FFFF00000100007F") << address;
  }
}

TEST(ServerTest, APortInUseIsAnError) {
  const Server first = Server::Start(OneTask("127.0.0.1:0")).value();
  const Status status = Server::Start(OneTask(fmt::format("127.0.0.1:{}", PortOf(first)))).status();
  EXPECT_THAT(status.message(), ::testing::HasSubstr("cannot start a server for /job:ps/task:0"));
}

}  // namespace
}  // namespace trainyard::tf
