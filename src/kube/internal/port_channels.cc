#include "kube/internal/port_channels.h"

namespace trainyard::kube {

Result<PortChannels::Message> PortChannels::Take(std::string_view message) {
  if (message.empty()) return DataLossError("an empty message came back");
  const auto channel = static_cast<unsigned char>(message.front());
  message.remove_prefix(1);
  if (channel > 1) return DataLossError("a message of channel {} came back", channel);
  if (!is_open_[channel]) {
    if (message.size() != 2) return DataLossError("the first message is not the port's");
    const int port = static_cast<unsigned char>(message[0]) | static_cast<unsigned char>(message[1])
                                                                  << 8;
    if (port != port_) return DataLossError("port {} came back, not {}", port, port_);
    is_open_[channel] = true;
    return Message{};
  }
  return Message{.is_error = channel == 1, .content = message};
}

}  // namespace trainyard::kube
