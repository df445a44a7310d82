// Pictures and bars in a terminal. Pure and thread-safe: values in, lines of text out.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/image.h"

namespace trainyard::cli {

enum class DrawStyle {
  kPlain,    // ASCII characters of different darkness: for files, pipes and old terminals
  kColours,  // half blocks in 24 greys of the 256-colour palette: for UTF-8 terminals
};

// One character per column, two pixel rows per line, which comes out square on most screens.
// Without trailing line breaks.
std::vector<std::string> DrawImage(const GreyImage& image, DrawStyle style);

// One line per class: its number, a bar of at most `width` characters, its share in per cent. The
// class `highlighted` (-1: none) is marked.
std::vector<std::string> DrawBars(std::span<const double> shares, int highlighted, int width,
                                  DrawStyle style);

// The lines of `right` beside those of `left`, which are `left_width` columns wide on the screen;
// the shorter block is centred.
std::vector<std::string> SideBySide(const std::vector<std::string>& left, int left_width,
                                    const std::vector<std::string>& right);

}  // namespace trainyard::cli
