// A picture on its way from a file to a model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace trainyard::cli {

// As decoded from a file: four bytes (red, green, blue, alpha) per pixel, row by row.
struct ColourImage {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgba;
};

// What a model sees: one brightness per pixel, 0 (black) to 1 (white), row by row.
struct GreyImage {
  int width = 0;
  int height = 0;
  std::vector<float> pixels;

  float at(int x, int y) const {
    return pixels[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)];
  }
  friend bool operator==(const GreyImage&, const GreyImage&) = default;
};

}  // namespace trainyard::cli
