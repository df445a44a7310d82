// The messages of a port-forward over v4.channel.k8s.io with one port: channel 0 carries data,
// channel 1 an error. The first message on each is the port (two bytes, little endian).
//
// Thread-compatible.
#pragma once

#include <optional>
#include <string_view>

#include "base/status.h"

namespace trainyard::kube {

class PortChannels {
 public:
  struct Message {
    bool is_error = false;
    std::string_view content{};  // of the data, or the error's text; empty: nothing to do
  };

  explicit PortChannels(int port) : port_(port) {}

  // DataLoss for a message that the protocol does not know. `content` is a part of `message`.
  Result<Message> Take(std::string_view message);

 private:
  const int port_;
  bool is_open_[2] = {false, false};  // has the channel's first message come?
};

inline constexpr char kDataChannel = 0;

}  // namespace trainyard::kube
