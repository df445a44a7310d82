#include "collective/internal/gathering.h"

#include <array>
#include <cstring>
#include <map>
#include <thread>

#include "collective/internal/socket.h"

namespace trainyard::collective {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr uint32_t kMagic = 0x54594731;  // "TYG1"
constexpr uint32_t kMaxBytes = 1u << 20;
// A connection that says nothing must not keep the others waiting.
constexpr milliseconds kHelloTimeout{1'000};
constexpr milliseconds kRetryDelay{50};

// Numbers of 32 bits in the byte order of x86 and ARM, and texts behind their length.
Status SendNumber(const Socket& socket, uint32_t number, Deadline deadline) {
  std::array<char, 4> bytes{};
  std::memcpy(bytes.data(), &number, sizeof number);
  return socket.Send(bytes, deadline);
}

Status SendText(const Socket& socket, const std::string& text, Deadline deadline) {
  RETURN_IF_ERROR(SendNumber(socket, static_cast<uint32_t>(text.size()), deadline));
  return socket.Send(text, deadline);
}

Result<uint32_t> ReceiveNumber(const Socket& socket, Deadline deadline) {
  std::array<char, 4> bytes{};
  RETURN_IF_ERROR(socket.Receive(bytes, deadline));
  uint32_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

Result<std::string> ReceiveText(const Socket& socket, Deadline deadline) {
  ASSIGN_OR_RETURN(const uint32_t size, ReceiveNumber(socket, deadline));
  if (size > kMaxBytes) return DataLossError("a message of {} bytes", size);
  std::string text(size, '\0');
  RETURN_IF_ERROR(socket.Receive(text, deadline));
  return text;
}

struct Hello {
  int rank = 0;
  std::string message{};
};

// What a member says when it comes. A failure is what it is told before it is sent away.
Result<Hello> ReceiveHello(const Meeting& meeting, const Socket& socket) {
  const Deadline deadline = steady_clock::now() + kHelloTimeout;
  ASSIGN_OR_RETURN(const uint32_t magic, ReceiveNumber(socket, deadline));
  if (magic != kMagic) return DataLossError("no member of a group");
  ASSIGN_OR_RETURN(const std::string group, ReceiveText(socket, deadline));
  ASSIGN_OR_RETURN(const uint32_t size, ReceiveNumber(socket, deadline));
  ASSIGN_OR_RETURN(const uint32_t rank, ReceiveNumber(socket, deadline));
  ASSIGN_OR_RETURN(std::string message, ReceiveText(socket, deadline));
  if (group != meeting.group) {
    return FailedPreconditionError("this is group {}, not {}", meeting.group, group);
  }
  if (size != static_cast<uint32_t>(meeting.size) || rank == 0 || rank >= size) {
    return FailedPreconditionError("group {} has {} members: {} of {} is none of them", group,
                                   meeting.size, rank, size);
  }
  return Hello{.rank = static_cast<int>(rank), .message = std::move(message)};
}

std::string Missing(const Meeting& meeting, const std::map<int, Socket>& present) {
  std::string missing;
  for (int rank = 1; rank < meeting.size; ++rank) {
    if (present.contains(rank)) continue;
    missing += fmt::format("{}{}", missing.empty() ? "" : ", ", rank);
  }
  return missing;
}

Result<std::vector<std::string>> Host(const Meeting& meeting, const std::string& message) {
  const Deadline deadline = steady_clock::now() + meeting.timeout;
  ASSIGN_OR_RETURN(const Socket listener, Listen(meeting.address));
  std::vector<std::string> messages(static_cast<size_t>(meeting.size));
  messages[0] = message;
  std::map<int, Socket> present;
  while (present.size() + 1 < messages.size()) {
    Result<Socket> socket = listener.Accept(deadline);
    if (socket.status().code() == StatusCode::kDeadlineExceeded) {
      return DeadlineExceededError("member {} of group {} has not come to {} within {} ms",
                                   Missing(meeting, present), meeting.group, meeting.address,
                                   meeting.timeout.count());
    }
    if (!socket.ok()) return socket.error();
    Result<Hello> hello = ReceiveHello(meeting, *socket);
    if (!hello.ok()) {
      if (hello.error().code() == StatusCode::kFailedPrecondition) {
        const Deadline soon = steady_clock::now() + kHelloTimeout;
        (void)SendNumber(*socket, 1, soon);
        (void)SendText(*socket, hello.error().message(), soon);
      }
      continue;
    }
    messages[static_cast<size_t>(hello->rank)] = std::move(hello->message);
    present[hello->rank] = std::move(*socket);
  }
  for (const auto& [rank, socket] : present) {
    RETURN_IF_ERROR(SendNumber(socket, 0, deadline));
    for (const std::string& each : messages) RETURN_IF_ERROR(SendText(socket, each, deadline));
  }
  return messages;
}

Result<std::vector<std::string>> Visit(const Meeting& meeting, const std::string& message,
                                       Deadline deadline) {
  ASSIGN_OR_RETURN(const Socket socket, Connect(meeting.address, deadline));
  RETURN_IF_ERROR(SendNumber(socket, kMagic, deadline));
  RETURN_IF_ERROR(SendText(socket, meeting.group, deadline));
  RETURN_IF_ERROR(SendNumber(socket, static_cast<uint32_t>(meeting.size), deadline));
  RETURN_IF_ERROR(SendNumber(socket, static_cast<uint32_t>(meeting.rank), deadline));
  RETURN_IF_ERROR(SendText(socket, message, deadline));
  ASSIGN_OR_RETURN(const uint32_t refused, ReceiveNumber(socket, deadline));
  if (refused != 0) {
    ASSIGN_OR_RETURN(const std::string why, ReceiveText(socket, deadline));
    return FailedPreconditionError("{} does not take this process: {}", meeting.address, why);
  }
  std::vector<std::string> messages;
  for (int rank = 0; rank < meeting.size; ++rank) {
    ASSIGN_OR_RETURN(std::string each, ReceiveText(socket, deadline));
    messages.push_back(std::move(each));
  }
  return messages;
}

}  // namespace

Result<std::vector<std::string>> Gather(const Meeting& meeting, const std::string& message) {
  if (meeting.rank == 0) return Host(meeting, message);
  const Deadline deadline = steady_clock::now() + meeting.timeout;
  while (true) {
    Result<std::vector<std::string>> messages = Visit(meeting, message, deadline);
    if (messages.ok() || messages.error().code() == StatusCode::kFailedPrecondition) {
      return messages;
    }
    if (steady_clock::now() + kRetryDelay >= deadline) {
      return DeadlineExceededError("group {} has not met at {} within {} ms: {}", meeting.group,
                                   meeting.address, meeting.timeout.count(),
                                   messages.error().message());
    }
    std::this_thread::sleep_for(kRetryDelay);
  }
}

}  // namespace trainyard::collective
