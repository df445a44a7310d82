#include "resnet/augment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace resnet {
namespace {

using namespace trainyard;
using namespace trainyard::train;
using ::testing::HasSubstr;

Batch OnePixelEach(int64_t count) {
  std::vector<uint8_t> pixels(static_cast<size_t>(count * 25));
  for (size_t i = 0; i < static_cast<size_t>(count); ++i)
    pixels[i * 25 + 11] = 9;  // row 2, column 1
  Batch batch;
  batch.features.emplace("image", tf::Tensor::FromValues<uint8_t>({count, 5, 5, 1}, pixels));
  return batch;
}

TEST(AugmentTest, MirrorsAndMoves) {
  Random random(1);
  const Batch batch = Augment(1)(OnePixelEach(400), random).value();
  const tf::Tensor& images = batch.features.at("image");
  std::set<size_t> places;
  for (size_t i = 0; i < images.data<uint8_t>().size(); ++i) {
    if (images.data<uint8_t>()[i] == 9) places.insert(i % 25);
  }
  // Rows 1 to 3; columns 0 to 2, mirrored 2 to 4.
  EXPECT_EQ(places, (std::set<size_t>{5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}));
}

TEST(AugmentTest, WithoutShiftThePixelsStay) {
  Random random(1);
  const Batch batch = Augment(0)(OnePixelEach(50), random).value();
  int mirrored = 0;
  for (size_t i = 0; i < 50; ++i) {
    const std::span<const uint8_t> image =
        batch.features.at("image").data<uint8_t>().subspan(i * 25, 25);
    EXPECT_EQ(image[11] + image[13], 9);
    mirrored += image[13] == 9;
  }
  EXPECT_GT(mirrored, 10);
  EXPECT_LT(mirrored, 40);
}

TEST(AugmentTest, WantsImages) {
  Random random(1);
  EXPECT_THAT(Augment(1)(Batch{}, random).status().message(), HasSubstr("\"image\""));
}

}  // namespace
}  // namespace resnet
