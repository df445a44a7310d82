// What convolution and pooling have in common: a window that moves over height and width.
#pragma once

#include <cstdint>

namespace trainyard::train {

// kSame: zeros around the image, so that stride 1 keeps its size. kValid: no zeros.
enum class Padding { kSame, kValid };

inline const char* PaddingName(Padding padding) {
  return padding == Padding::kSame ? "SAME" : "VALID";
}

// Height and width of a window or of its steps; one number stands for both.
struct Size2D {
  Size2D(int64_t side) : height(side), width(side) {}  // NOLINT: `.kernel_size = 5` reads well
  Size2D(int64_t rows, int64_t columns) : height(rows), width(columns) {}
  friend bool operator==(const Size2D&, const Size2D&) = default;
  int64_t height;
  int64_t width;
};

}  // namespace trainyard::train
