#include "cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace trainyard::cli {
namespace {

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

const char* Code(Colour colour) {
  switch (colour) {
    case Colour::kNone:
      return "0";
    case Colour::kBold:
      return "1";
    case Colour::kDim:
      return "2";
    case Colour::kRed:
      return "31";
    case Colour::kGreen:
      return "32";
    case Colour::kYellow:
      return "33";
    case Colour::kBlue:
      return "34";
    case Colour::kMagenta:
      return "35";
    case Colour::kCyan:
      return "36";
  }
  return "0";
}

// The end of an escape sequence that starts at `start`.
size_t SkipEscape(std::string_view text, size_t start) {
  size_t i = start + 1;
  if (i >= text.size() || text[i] != '[') return i;
  for (++i; i < text.size(); ++i) {
    if (text[i] >= '@' && text[i] <= '~') return i + 1;
  }
  return i;
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

bool IsTerminal(int fd) { return isatty(fd) != 0 && Variable("TERM") != "dumb"; }

bool MayUseColour(int fd) { return IsTerminal(fd) && Variable("NO_COLOR").empty(); }

ScreenSize SizeOf(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return {size.ws_col, size.ws_row};
}

std::string Paint(std::string_view text, Colour colour, bool enabled) {
  if (!enabled || colour == Colour::kNone) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", Code(colour), text);
}

std::string CleanLine(std::string_view text, int columns) {
  std::string line;
  int width = 0;
  size_t before_last = 0;  // where the last character that fits begins
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '\x1b') {
      i = SkipEscape(text, i);
      continue;
    }
    ++i;
    if (IsContinuation(c)) {
      if (!line.empty()) line += c;
      continue;
    }
    if (width == columns) {
      line.resize(before_last);
      return line + "…";
    }
    before_last = line.size();
    ++width;
    line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return line;
}

std::vector<std::string> SplitLines(std::string_view text) {
  std::vector<std::string> lines;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    lines.emplace_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

int WidthOf(std::string_view text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

}  // namespace trainyard::cli
