// Processes that train one model side by side: they add up arrays, and agree on first values.
//
//   ASSIGN_OR_RETURN(auto group, Group::Join({.name = "mnist", .rank = 1,
//                                             .addresses = {"10.0.0.1:2222", "10.0.0.2:2222"}}));
//   RETURN_IF_ERROR(group->Broadcast(weights, /*root=*/0));
//   RETURN_IF_ERROR(group->AllReduceMean(gradients));
//
// Every member calls the same functions in the same order with arrays of the same size. The
// exchange is Gloo's ring: each member sends and receives 2 * (size - 1) / size of the array,
// whatever the size of the group.
//
// A member that is lost fails the call of all others, within milliseconds if its connections are
// closed, else after `timeout`. A group that has failed stays so: leave it (destroy it) and join
// anew.
//
// Connections carry no credentials and are not encrypted, as TensorFlow's own are.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace trainyard::collective {

struct GroupOptions {
  std::string name{};  // the same for all members, and another one for another job
  int rank = 0;        // this process' place in `addresses`
  // "host:port" of each member. Member 0 listens at its port while the group meets; of the others
  // only their hosts count, at which they listen on ports of their own choice.
  std::vector<std::string> addresses{};
  std::chrono::milliseconds join_timeout{60'000};  // for all members to come
  std::chrono::milliseconds timeout{30'000};       // of each exchange
};

// Thread-compatible, but for Interrupt.
class Group {
 public:
  // Waits for all members. InvalidArgument for options that make no group; DeadlineExceeded names
  // who has not come; FailedPrecondition if the address is another group's.
  static Result<std::unique_ptr<Group>> Join(const GroupOptions& options);
  virtual ~Group() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  // Puts the mean of all members' values into each member's array. Sums are in float32, in the same
  // order for all: every member gets the same bits. Unavailable if a member is lost.
  virtual Status AllReduceMean(std::span<float> values) = 0;
  // Puts the root's bytes into each member's array.
  virtual Status Broadcast(std::span<char> bytes, int root) = 0;
  // Returns when all members have called it.
  virtual Status Barrier() = 0;

  // From any thread: the exchange in progress, and every later one, fails at once with Cancelled.
  // The other members find this one lost.
  virtual void Interrupt() = 0;
};

}  // namespace trainyard::collective
