// Keeps TensorFlow's server off the network when the cluster is on this machine.
#pragma once

namespace trainyard::tf::internal {

// While one of these lives, sockets that this process binds to "every address" are bound to
// loopback instead. TensorFlow's server always asks for 0.0.0.0 and checks no credentials: whoever
// reaches it may run any graph. A job whose tasks all live at 127.0.0.1 has no need to be
// reachable.
//
// Works by this program's own bind(), which the dynamic linker prefers to the C library's. One at a
// time.
class LoopbackBindScope {
 public:
  LoopbackBindScope();
  ~LoopbackBindScope();
  LoopbackBindScope(const LoopbackBindScope&) = delete;
  LoopbackBindScope& operator=(const LoopbackBindScope&) = delete;
};

}  // namespace trainyard::tf::internal
