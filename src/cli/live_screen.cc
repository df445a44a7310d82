#include "cli/live_screen.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace trainyard::cli {
namespace {

void Write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

Result<std::unique_ptr<LiveScreen>> LiveScreen::Start() {
  ASSIGN_OR_RETURN(auto interrupts, Interrupts::Create());
  return std::unique_ptr<LiveScreen>(new LiveScreen(std::move(interrupts)));
}

LiveScreen::LiveScreen(std::unique_ptr<Interrupts> interrupts)
    : interrupts_(std::move(interrupts)) {
  Write("\x1b[2J");
}

// Also over the ^C that the terminal has echoed there.
LiveScreen::~LiveScreen() { Write("\r\x1b[K"); }

ScreenSize LiveScreen::size() const { return SizeOf(STDOUT_FILENO); }

void LiveScreen::Draw(std::span<const std::string> lines) { Write(FormatPicture(lines)); }

bool LiveScreen::Wait(std::chrono::milliseconds time) {
  pollfd waiting{.fd = interrupts_->fd(), .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = poll(&waiting, 1, static_cast<int>(time.count()));
  } while (ready == -1 && errno == EINTR);  // the signal has come, and its byte with it
  is_interrupted_ = ready > 0;
  return !is_interrupted_ && std::ferror(stdout) == 0;
}

std::string FormatPicture(std::span<const std::string> lines) {
  std::string text = "\x1b[H";
  // A line is erased before it is written: after a character in the last column the cursor is still
  // on it, and erasing to the end of the line would take it away.
  for (const std::string& line : lines) text.append("\x1b[2K").append(line).append("\n");
  return text.append("\x1b[J");
}

std::vector<std::string> FitRows(std::vector<std::string> lines, ScreenSize screen) {
  const size_t most = static_cast<size_t>(std::max(screen.rows - 1, 2));
  if (lines.size() <= most) return lines;
  const size_t hidden = lines.size() - most + 1;
  lines.resize(most - 1);
  lines.push_back(CleanLine(fmt::format("... and {} more lines", hidden), screen.columns));
  return lines;
}

}  // namespace trainyard::cli
