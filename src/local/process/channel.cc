#include "local/process/channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/wire.h"

namespace trainyard::local {
namespace {

constexpr int kKindField = 1;
constexpr int kIdField = 2;
constexpr int kProgramField = 3;
constexpr int kArgvField = 4;
constexpr int kEnvField = 5;
constexpr int kDirectoryField = 6;
constexpr int kLogPathField = 7;
constexpr int kNumberField = 8;
constexpr int kTextField = 9;
constexpr int kLogBytesField = 10;
constexpr int kLogFilesField = 11;
constexpr int kCpuField = 12;
constexpr int kMemoryField = 13;
constexpr int kOutOfMemoryField = 14;

std::string Encode(const Message& message) {
  WireWriter writer;
  writer.Varint(kKindField, static_cast<uint64_t>(message.kind))
      .Varint(kIdField, message.id)
      .Varint(kNumberField, static_cast<uint64_t>(message.number))
      .Bytes(kProgramField, message.program)
      .Bytes(kDirectoryField, message.directory)
      .Bytes(kLogPathField, message.log_path)
      .Bytes(kTextField, message.text)
      .Varint(kLogBytesField, static_cast<uint64_t>(message.logs.max_bytes))
      .Varint(kLogFilesField, static_cast<uint64_t>(message.logs.max_files))
      .Varint(kOutOfMemoryField, message.out_of_memory ? 1 : 0);
  if (message.limits.cpu) writer.Double(kCpuField, *message.limits.cpu);
  if (message.limits.memory_bytes) {
    writer.Varint(kMemoryField, static_cast<uint64_t>(*message.limits.memory_bytes));
  }
  for (const std::string& value : message.argv) writer.Bytes(kArgvField, value);
  for (const std::string& value : message.env) writer.Bytes(kEnvField, value);
  const std::string& body = writer.str();
  const auto size = static_cast<uint32_t>(body.size());
  std::string frame(sizeof(size), '\0');
  std::memcpy(frame.data(), &size, sizeof(size));
  return frame + body;
}

Message Decode(std::string_view body) {
  Message message;
  WireReader reader(body);
  while (reader.Next()) {
    const std::string bytes(reader.bytes());
    switch (reader.field()) {
      case kKindField:
        message.kind = static_cast<Message::Kind>(reader.varint());
        break;
      case kIdField:
        message.id = reader.varint();
        break;
      case kNumberField:
        message.number = static_cast<int64_t>(reader.varint());
        break;
      case kProgramField:
        message.program = bytes;
        break;
      case kArgvField:
        message.argv.push_back(bytes);
        break;
      case kEnvField:
        message.env.push_back(bytes);
        break;
      case kDirectoryField:
        message.directory = bytes;
        break;
      case kLogPathField:
        message.log_path = bytes;
        break;
      case kTextField:
        message.text = bytes;
        break;
      case kLogBytesField:
        message.logs.max_bytes = static_cast<int64_t>(reader.varint());
        break;
      case kLogFilesField:
        message.logs.max_files = static_cast<int>(reader.varint());
        break;
      case kCpuField:
        message.limits.cpu = reader.AsDouble();
        break;
      case kMemoryField:
        message.limits.memory_bytes = static_cast<int64_t>(reader.varint());
        break;
      case kOutOfMemoryField:
        message.out_of_memory = reader.varint() != 0;
        break;
    }
  }
  return message;
}

}  // namespace

Channel::~Channel() { close(fd_); }

Status Channel::Send(const Message& message) {
  const std::string frame = Encode(message);
  size_t sent = 0;
  while (sent < frame.size()) {
    const ssize_t count = send(fd_, frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return UnavailableError("cannot reach the process that guards the replicas: {}",
                              std::strerror(errno));
    }
    sent += static_cast<size_t>(count);
  }
  return OkStatus();
}

std::vector<Message> Channel::Receive() {
  char buffer[65536];
  while (true) {
    const ssize_t count = recv(fd_, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (count > 0) {
      unread_.append(buffer, static_cast<size_t>(count));
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) at_end_ = true;
    break;
  }
  std::vector<Message> messages;
  size_t position = 0;
  uint32_t size = 0;
  while (unread_.size() - position >= sizeof(size)) {
    std::memcpy(&size, unread_.data() + position, sizeof(size));
    if (unread_.size() - position - sizeof(size) < size) break;
    messages.push_back(Decode(std::string_view(unread_).substr(position + sizeof(size), size)));
    position += sizeof(size) + size;
  }
  unread_.erase(0, position);
  return messages;
}

}  // namespace trainyard::local
