#include "cli/image_convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace trainyard::cli {
namespace {

// Brightness as the eye weighs the colours (ITU-R BT.601).
float Brightness(std::span<const uint8_t> rgba) {
  return (0.299f * static_cast<float>(rgba[0]) + 0.587f * static_cast<float>(rgba[1]) +
          0.114f * static_cast<float>(rgba[2])) /
         255.0f;
}

struct Look {
  bool is_coloured = false;
  bool is_transparent = false;
  float ground = 0;  // what shows through transparent parts
};

Look Inspect(const ColourImage& image) {
  Look look;
  double weight = 0;
  double light = 0;
  for (size_t i = 0; i + 3 < image.rgba.size(); i += 4) {
    const auto pixel = std::span(image.rgba).subspan(i, 4);
    if (pixel[3] < 255) look.is_transparent = true;
    if (pixel[3] > 0 && (pixel[0] != pixel[1] || pixel[1] != pixel[2])) look.is_coloured = true;
    weight += pixel[3];
    light += pixel[3] * double{Brightness(pixel)};
  }
  look.ground = weight > 0 && light / weight < 0.5 ? 1.0f : 0.0f;
  return look;
}

GreyImage ToGrey(const ColourImage& image, float ground) {
  GreyImage grey{image.width, image.height, {}};
  grey.pixels.reserve(image.rgba.size() / 4);
  for (size_t i = 0; i + 3 < image.rgba.size(); i += 4) {
    const auto pixel = std::span(image.rgba).subspan(i, 4);
    const float alpha = static_cast<float>(pixel[3]) / 255.0f;
    grey.pixels.push_back(alpha * Brightness(pixel) + (1 - alpha) * ground);
  }
  return grey;
}

float BorderMean(const GreyImage& image) {
  double sum = 0;
  int count = 0;
  for (int y = 0; y < image.height; ++y) {
    const bool whole_row = y == 0 || y == image.height - 1;
    for (int x = 0; x < image.width; x += whole_row ? 1 : std::max(1, image.width - 1)) {
      sum += double{image.at(x, y)};
      ++count;
    }
  }
  return count == 0 ? 0.0f : static_cast<float>(sum / count);
}

// The image in the middle of a larger canvas with the proportions of width:height.
GreyImage PadToProportions(const GreyImage& image, int width, int height, float ground) {
  GreyImage padded{image.width, image.height, {}};
  const double wanted = static_cast<double>(width) / height;
  if (static_cast<double>(image.width) / image.height < wanted) {
    padded.width = static_cast<int>(std::lround(image.height * wanted));
  } else {
    padded.height = static_cast<int>(std::lround(image.width / wanted));
  }
  padded.width = std::max(padded.width, image.width);
  padded.height = std::max(padded.height, image.height);
  padded.pixels.assign(static_cast<size_t>(padded.width) * static_cast<size_t>(padded.height),
                       ground);
  const int left = (padded.width - image.width) / 2;
  const int top = (padded.height - image.height) / 2;
  for (int y = 0; y < image.height; ++y) {
    const auto from = image.pixels.begin() + std::ptrdiff_t{y} * image.width;
    std::copy(from, from + image.width,
              padded.pixels.begin() + std::ptrdiff_t{top + y} * padded.width + left);
  }
  return padded;
}

// For each of `to` cells laid over `from` cells: where it starts, and how much of each it covers.
struct Coverage {
  int first = 0;
  std::vector<float> weights;  // sum to 1
};

std::vector<Coverage> Cover(int from, int to) {
  std::vector<Coverage> cells(static_cast<size_t>(to));
  const double scale = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    const double begin = i * scale;
    const double end = std::min((i + 1) * scale, static_cast<double>(from));
    Coverage& cell = cells[static_cast<size_t>(i)];
    cell.first = static_cast<int>(begin);
    for (int j = cell.first; j < from && j < end; ++j) {
      const double covered = std::min(end, j + 1.0) - std::max(begin, static_cast<double>(j));
      cell.weights.push_back(static_cast<float>(covered / scale));
    }
  }
  return cells;
}

}  // namespace

GreyImage Resize(const GreyImage& image, int width, int height) {
  const std::vector<Coverage> columns = Cover(image.width, width);
  const std::vector<Coverage> rows = Cover(image.height, height);
  // One direction after the other: first all rows to the new width.
  GreyImage narrow{width, image.height, {}};
  for (int y = 0; y < image.height; ++y) {
    for (const Coverage& column : columns) {
      float sum = 0;
      int x = column.first;
      for (const float weight : column.weights) sum += weight * image.at(x++, y);
      narrow.pixels.push_back(sum);
    }
  }
  GreyImage result{width, height, {}};
  for (const Coverage& row : rows) {
    for (int x = 0; x < width; ++x) {
      float sum = 0;
      int y = row.first;
      for (const float weight : row.weights) sum += weight * narrow.at(x, y++);
      result.pixels.push_back(sum);
    }
  }
  return result;
}

ConvertedImage ConvertForModel(const ColourImage& image, int width, int height) {
  ConvertedImage result;
  const Look look = Inspect(image);
  if (look.is_transparent) {
    result.notes.push_back(
        fmt::format("transparent parts are taken as {}", look.ground > 0 ? "white" : "black"));
  }
  if (look.is_coloured) result.notes.push_back("colours are taken as shades of grey");
  result.image = ToGrey(image, look.ground);
  if (BorderMean(result.image) > 0.5f) {
    result.notes.push_back("inverted: the model knows light digits on a dark ground");
    for (float& pixel : result.image.pixels) pixel = 1 - pixel;
  }
  if (image.width != width || image.height != height) {
    const bool same_proportions = int64_t{image.width} * height == int64_t{image.height} * width;
    result.notes.push_back(fmt::format("resized from {}x{} to {}x{}{}", image.width, image.height,
                                       width, height,
                                       same_proportions ? "" : ", the sides filled up"));
    result.image = Resize(PadToProportions(result.image, width, height, BorderMean(result.image)),
                          width, height);
  }
  return result;
}

}  // namespace trainyard::cli
