#include "cli/image_convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace trainyard::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::IsEmpty;

using Pixel = std::array<uint8_t, 4>;
constexpr Pixel kBlack = {0, 0, 0, 255};
constexpr Pixel kWhite = {255, 255, 255, 255};
constexpr Pixel kRed = {255, 0, 0, 255};
constexpr Pixel kClear = {0, 0, 0, 0};

// A square of `ground` with a smaller square of `ink` in its middle.
ColourImage Drawing(int size, Pixel ground, Pixel ink) {
  ColourImage image{size, size, {}};
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const bool is_ink = x >= size / 4 && x < size * 3 / 4 && y >= size / 4 && y < size * 3 / 4;
      const Pixel& pixel = is_ink ? ink : ground;
      image.rgba.insert(image.rgba.end(), pixel.begin(), pixel.end());
    }
  }
  return image;
}

TEST(ConvertForModelTest, LeavesAFittingPictureAlone) {
  const ConvertedImage converted = ConvertForModel(Drawing(28, kBlack, kWhite), 28, 28);
  EXPECT_THAT(converted.notes, IsEmpty());
  EXPECT_EQ(converted.image.at(0, 0), 0);
  EXPECT_EQ(converted.image.at(14, 14), 1);
}

TEST(ConvertForModelTest, InvertsDarkOnLight) {
  const ConvertedImage converted = ConvertForModel(Drawing(28, kWhite, kBlack), 28, 28);
  EXPECT_THAT(converted.notes,
              ElementsAre("inverted: the model knows light digits on a dark ground"));
  EXPECT_EQ(converted.image, ConvertForModel(Drawing(28, kBlack, kWhite), 28, 28).image);
}

TEST(ConvertForModelTest, TurnsColoursIntoBrightness) {
  const ConvertedImage converted = ConvertForModel(Drawing(28, kBlack, kRed), 28, 28);
  EXPECT_THAT(converted.notes, ElementsAre("colours are taken as shades of grey"));
  EXPECT_FLOAT_EQ(converted.image.at(14, 14), 0.299f);
}

TEST(ConvertForModelTest, LetsADrawingOnATransparentGroundShow) {
  const ConvertedImage dark = ConvertForModel(Drawing(28, kClear, kBlack), 28, 28);
  EXPECT_THAT(dark.notes, ElementsAre("transparent parts are taken as white",
                                      "inverted: the model knows light digits on a dark ground"));
  EXPECT_EQ(dark.image.at(14, 14), 1);
  const ConvertedImage light = ConvertForModel(Drawing(28, kClear, kWhite), 28, 28);
  EXPECT_THAT(light.notes, ElementsAre("transparent parts are taken as black"));
  EXPECT_EQ(light.image, dark.image);
}

TEST(ConvertForModelTest, ResizesWithANote) {
  const ConvertedImage large = ConvertForModel(Drawing(280, kBlack, kWhite), 28, 28);
  EXPECT_THAT(large.notes, ElementsAre("resized from 280x280 to 28x28"));
  const ConvertedImage exact = ConvertForModel(Drawing(28, kBlack, kWhite), 28, 28);
  for (size_t i = 0; i < exact.image.pixels.size(); ++i) {
    EXPECT_THAT(large.image.pixels[i], FloatNear(exact.image.pixels[i], 1e-5f));
  }
}

TEST(ConvertForModelTest, FillsUpTheShorterSideInsteadOfDistorting) {
  // A white picture, twice as wide as high, with a black square in it.
  ColourImage wide{56, 28, {}};
  for (int y = 0; y < 28; ++y) {
    for (int x = 0; x < 56; ++x) {
      const Pixel& pixel = x >= 20 && x < 36 && y >= 6 && y < 22 ? kBlack : kWhite;
      wide.rgba.insert(wide.rgba.end(), pixel.begin(), pixel.end());
    }
  }
  const ConvertedImage converted = ConvertForModel(wide, 28, 28);
  EXPECT_EQ(converted.notes.back(), "resized from 56x28 to 28x28, the sides filled up");
  EXPECT_EQ(converted.image.at(0, 0), 0);    // filled with the ground's colour
  EXPECT_EQ(converted.image.at(14, 14), 1);  // still a square of 8x8: 64 pixels of light
  const auto& pixels = converted.image.pixels;
  EXPECT_NEAR(std::accumulate(pixels.begin(), pixels.end(), 0.0f), 64, 0.01);
}

TEST(ConvertForModelTest, SinglePixelsAndOddSizesAreFine) {
  for (const int size : {1, 2, 3, 27, 29, 101}) {
    const ConvertedImage converted = ConvertForModel(Drawing(size, kBlack, kWhite), 28, 28);
    EXPECT_EQ(converted.image.pixels.size(), 784u);
    for (const float pixel : converted.image.pixels) {
      EXPECT_GE(pixel, -1e-5f);
      EXPECT_LE(pixel, 1 + 1e-5f);
    }
  }
  ColourImage line{1, 1000, std::vector<uint8_t>(4000, 255)};
  EXPECT_EQ(ConvertForModel(line, 28, 28).image.pixels.size(), 784u);
}

TEST(ResizeTest, AveragesAreasAndKeepsTheCentreOfMass) {
  const GreyImage image{4, 2, {0, 1, 1, 0, 0, 1, 0, 0}};
  const GreyImage half = Resize(image, 2, 1);
  EXPECT_THAT(half.pixels, ElementsAre(0.5f, 0.25f));

  GreyImage spot{100, 100, std::vector<float>(10000, 0)};
  spot.pixels[37 * 100 + 61] = 1;
  const GreyImage small = Resize(spot, 28, 28);
  float mass = 0;
  float x_moment = 0;
  for (int y = 0; y < 28; ++y) {
    for (int x = 0; x < 28; ++x) {
      mass += small.at(x, y);
      x_moment += small.at(x, y) * (static_cast<float>(x) + 0.5f);
    }
  }
  EXPECT_NEAR(x_moment / mass / 28, 61.5 / 100, 0.5 / 28);
}

}  // namespace
}  // namespace trainyard::cli
