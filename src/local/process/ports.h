// Ports on the loopback interface that stay ours until the job has ended.
//
// Picking a free port and letting it go again leaves a gap in which another program may take it. A
// PortReservation keeps a bound socket on each port instead: the kernel then gives the port to
// nobody, neither as a free port nor as the local end of a connection, while a program that binds
// it by number still can, provided it sets SO_REUSEADDR or SO_REUSEPORT (gRPC, TensorFlow, Python,
// Go, Java do).
//
// Movable; the destructor lets the ports go. Thread-compatible.
//
//   ASSIGN_OR_RETURN(PortReservation ports, PortReservation::Create(3));
//   Start(ports.ports()[0]);
#pragma once

#include <vector>

#include "base/status.h"

namespace trainyard::local {

class PortReservation {
 public:
  // `count` different free ports of 127.0.0.1; ResourceExhausted or the system's reason if there
  // are none.
  static Result<PortReservation> Create(int count);

  PortReservation() = default;
  PortReservation(PortReservation&& other) noexcept;
  PortReservation& operator=(PortReservation&& other) noexcept;
  ~PortReservation();

  const std::vector<int>& ports() const { return ports_; }

 private:
  void Release();

  std::vector<int> sockets_;
  std::vector<int> ports_;
};

}  // namespace trainyard::local
