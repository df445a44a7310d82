// Making a picture look like what a digits model was trained on: grey, light on dark, the model's
// size. Pure and thread-safe.
#pragma once

#include <string>
#include <vector>

#include "cli/image.h"

namespace trainyard::cli {

struct ConvertedImage {
  GreyImage image;
  std::vector<std::string> notes;  // what was changed and why, for people
};

// Lays transparent parts on black or white, whichever lets the drawing show; turns colours into
// their brightness; inverts a drawing on a light ground (judged by its border); and resizes, the
// shorter side filled up with the ground so that nothing is distorted.
ConvertedImage ConvertForModel(const ColourImage& image, int width, int height);

// Each pixel of the result is the average of the area it covers, which keeps the centre of mass.
GreyImage Resize(const GreyImage& image, int width, int height);

}  // namespace trainyard::cli
