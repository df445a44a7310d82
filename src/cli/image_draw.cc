#include "cli/image_draw.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace trainyard::cli {
namespace {

constexpr std::string_view kShades = " .:-=+*#%@";
constexpr std::string_view kReset = "\x1b[0m";

float Clamp(float value) { return std::isfinite(value) ? std::clamp(value, 0.0f, 1.0f) : 0.0f; }

// The palette's entry for a brightness: black is 16, then 232..255 are the greys, white is 231.
int PaletteGrey(float brightness) {
  const int step = static_cast<int>(std::lround(Clamp(brightness) * 25));
  if (step == 0) return 16;
  return step == 25 ? 231 : 231 + step;
}

float Below(const GreyImage& image, int x, int y) {
  return y + 1 < image.height ? image.at(x, y + 1) : 0.0f;
}

std::string PlainLine(const GreyImage& image, int y) {
  std::string line;
  for (int x = 0; x < image.width; ++x) {
    const float mean = (Clamp(image.at(x, y)) + Clamp(Below(image, x, y))) / 2;
    line +=
        kShades[static_cast<size_t>(std::lround(mean * static_cast<float>(kShades.size() - 1)))];
  }
  return line;
}

std::string ColourLine(const GreyImage& image, int y) {
  std::string line;
  int last_upper = -1;
  int last_lower = -1;
  for (int x = 0; x < image.width; ++x) {
    const int upper = PaletteGrey(image.at(x, y));
    const int lower = PaletteGrey(Below(image, x, y));
    if (upper != last_upper || lower != last_lower) {
      line += fmt::format("\x1b[38;5;{};48;5;{}m", upper, lower);
    }
    line += "\u2580";  // upper half block
    last_upper = upper;
    last_lower = lower;
  }
  return line.append(kReset);
}

}  // namespace

std::vector<std::string> DrawImage(const GreyImage& image, DrawStyle style) {
  std::vector<std::string> lines;
  for (int y = 0; y < image.height; y += 2) {
    lines.push_back(style == DrawStyle::kColours ? ColourLine(image, y) : PlainLine(image, y));
  }
  return lines;
}

std::vector<std::string> DrawBars(std::span<const double> shares, int highlighted, int width,
                                  DrawStyle style) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < shares.size(); ++i) {
    const double share = std::isfinite(shares[i]) ? std::clamp(shares[i], 0.0, 1.0) : 0.0;
    const bool marked = static_cast<int>(i) == highlighted;
    std::string bar;
    for (int cells = static_cast<int>(std::lround(share * width)); cells > 0; --cells) {
      bar += style == DrawStyle::kColours ? "\u2588" : "#";
    }
    std::string line = fmt::format("{} {:2} {:5.1f} % {}", marked ? '>' : ' ', i, 100 * share, bar);
    if (marked && style == DrawStyle::kColours) line = fmt::format("\x1b[1m{}{}", line, kReset);
    while (line.ends_with(' ')) line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> SideBySide(const std::vector<std::string>& left, int left_width,
                                    const std::vector<std::string>& right) {
  const size_t height = std::max(left.size(), right.size());
  const size_t left_from = (height - left.size()) / 2;
  const size_t right_from = (height - right.size()) / 2;
  std::vector<std::string> lines;
  for (size_t i = 0; i < height; ++i) {
    const bool has_left = i >= left_from && i - left_from < left.size();
    const bool has_right = i >= right_from && i - right_from < right.size();
    std::string line =
        has_left ? left[i - left_from] : std::string(static_cast<size_t>(left_width), ' ');
    if (has_right) line += "   " + right[i - right_from];
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace trainyard::cli
