#include "kube/exec.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "kube/internal/exec_channels.h"

namespace trainyard::kube {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr size_t kStdinPiece = 32u << 10;
// How long the end of the connection is waited for once the exit code is there: some nodes lose it.
constexpr milliseconds kGrace{2'000};

Query QueryOf(const ExecOptions& options) {
  Query query;
  if (!options.container.empty()) query.emplace_back("container", options.container);
  for (const std::string& word : options.command) query.emplace_back("command", word);
  if (options.has_stdin) query.emplace_back("stdin", "true");
  query.emplace_back("stdout", "true");
  query.emplace_back("stderr", "true");
  return query;
}

void WriteStdin(net::WebSocket* socket, std::string_view text) {
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, kStdinPiece);
    // A failure shows where the output is read, with its cause.
    if (!socket->Write(FormatExecMessage(ExecChannel::kStdin, piece)).ok()) return;
    text.remove_prefix(piece.size());
  }
  if (socket->subprotocol() == kChannelV5) {
    (void)socket->Write(FormatExecMessage(ExecChannel::kClose, std::string_view("\0", 1)));
  }
}

// Hands the output on until the connection ends; the text of the error channel.
Result<std::string> ReadToEnd(net::WebSocket* socket, const ExecOutput& output,
                              Clock::time_point deadline) {
  std::optional<std::string> outcome;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    Result<std::optional<std::string>> message = socket->Read(std::max(left, milliseconds(1)));
    if (!message.ok()) {
      if (outcome) return *std::move(outcome);
      return message.error();
    }
    if (!message->has_value()) {
      if (outcome) return *std::move(outcome);
      return UnavailableError("the connection ended before the command did");
    }
    const std::optional<ExecMessage> parsed = ParseExecMessage(**message);
    if (!parsed) return DataLossError("a message that cannot be understood came back");
    if (parsed->channel == ExecChannel::kStdout && output.on_stdout) {
      if (!parsed->content.empty()) output.on_stdout(parsed->content);
    } else if (parsed->channel == ExecChannel::kStderr && output.on_stderr) {
      if (!parsed->content.empty()) output.on_stderr(parsed->content);
    } else if (parsed->channel == ExecChannel::kError && !parsed->content.empty()) {
      outcome = std::string(parsed->content);
      deadline = std::min(deadline, Clock::now() + kGrace);
    }
  }
}

}  // namespace

Result<int> Exec(Client* client, const ExecOptions& options, const ExecOutput& output) {
  const std::string attempt =
      fmt::format("run {} in pod {}/{}", options.command.empty() ? "nothing" : options.command[0],
                  options.name_space, options.pod);
  if (options.command.empty()) return InvalidArgumentError("cannot {}: no command", attempt);
  const Clock::time_point deadline = Clock::now() + options.timeout;
  auto connected = client->OpenWebSocket(Path(kPods, options.name_space, options.pod, "exec"),
                                         QueryOf(options), {kChannelV5, kChannelV4});
  if (!connected.ok()) return connected.error().WithContext("cannot " + attempt);
  net::WebSocket* const socket = connected->get();

  // Its own thread: a command that prints while it reads would otherwise wait for us, and we for
  // it.
  std::jthread writer;
  if (options.has_stdin) {
    writer = std::jthread(
        [socket, text = std::string_view(options.stdin_text)] { WriteStdin(socket, text); });
  }
  const Result<std::string> outcome = ReadToEnd(socket, output, deadline);
  socket->Close();  // so that the writer comes to its end, too
  if (writer.joinable()) writer.join();
  if (!outcome.ok()) return outcome.error().WithContext("cannot " + attempt);
  return ParseExitCode(attempt, *outcome);
}

}  // namespace trainyard::kube
