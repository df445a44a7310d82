#include "local/process/ports.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>

namespace trainyard::local {
namespace {

// Whether a server that sets this option (0: none) can listen on the port.
bool CanListen(int port, int option) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  if (option != 0) setsockopt(fd, SOL_SOCKET, option, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  const bool can =
      bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 && listen(fd, 1) == 0;
  close(fd);
  return can;
}

TEST(PortReservationTest, ReservedPortsAreForTheReplicasOnly) {
  auto reservation = PortReservation::Create(20);
  ASSERT_TRUE(reservation.ok()) << reservation.status();
  const std::vector<int> ports = reservation->ports();
  EXPECT_EQ(std::set<int>(ports.begin(), ports.end()).size(), 20u);
  for (const int port : ports) {
    EXPECT_TRUE(CanListen(port, SO_REUSEADDR));
    EXPECT_TRUE(CanListen(port, SO_REUSEPORT));
    EXPECT_FALSE(CanListen(port, 0));
  }
  auto others = PortReservation::Create(200);
  ASSERT_TRUE(others.ok());
  for (const int port : others->ports()) {
    EXPECT_EQ(std::count(ports.begin(), ports.end(), port), 0);
  }
}

TEST(PortReservationTest, LetsThePortsGoInTheEnd) {
  int port = 0;
  {
    auto reservation = PortReservation::Create(1);
    ASSERT_TRUE(reservation.ok());
    PortReservation moved = *std::move(reservation);
    port = moved.ports()[0];
    EXPECT_FALSE(CanListen(port, 0));
  }
  EXPECT_TRUE(CanListen(port, 0));
}

}  // namespace
}  // namespace trainyard::local
