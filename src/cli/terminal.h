// What the screen can do, and text made to fit it. Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trainyard::cli {

struct ScreenSize {
  int columns = 80;
  int rows = 24;
};

// Whether the file descriptor is a terminal that understands cursor movements (TERM is not "dumb").
bool IsTerminal(int fd);

// IsTerminal, and the person has not set NO_COLOR.
bool MayUseColour(int fd);

// The size of the terminal, or 80 x 24 if it is none.
ScreenSize SizeOf(int fd);

enum class Colour { kNone, kBold, kDim, kRed, kGreen, kYellow, kBlue, kMagenta, kCyan };

// The text between the escape sequences of a colour; as it is if `enabled` is false.
std::string Paint(std::string_view text, Colour colour, bool enabled);

// One line that may be put on a screen: no control characters or escape sequences, at most
// `columns` characters (an ellipsis marks what was cut off).
std::string CleanLine(std::string_view text, int columns);

// The lines of a text, without their ends.
std::vector<std::string> SplitLines(std::string_view text);

// How many columns the text takes, its characters being one wide each.
int WidthOf(std::string_view text);

}  // namespace trainyard::cli
