#include "cli/image_png.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>

#include <cstring>
#include <string>
#include <vector>

namespace trainyard::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A PNG file of the given libpng format, from its raw samples.
std::string EncodePng(int width, int height, uint32_t format, const std::vector<uint8_t>& samples) {
  png_image png;
  std::memset(&png, 0, sizeof(png));
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<uint32_t>(width);
  png.height = static_cast<uint32_t>(height);
  png.format = format;
  png_alloc_size_t size = 0;
  CHECK(png_image_write_to_memory(&png, nullptr, &size, 0, samples.data(), 0, nullptr) != 0);
  std::string bytes(size, '\0');
  CHECK(png_image_write_to_memory(&png, bytes.data(), &size, 0, samples.data(), 0, nullptr) != 0);
  return bytes;
}

std::string Noise28x28() {
  std::vector<uint8_t> pixels;
  for (uint32_t i = 0; i < 784; ++i) pixels.push_back(static_cast<uint8_t>(i * 2654435761u >> 13));
  return EncodePng(28, 28, PNG_FORMAT_GRAY, pixels);
}

TEST(DecodePngTest, ReadsGrey) {
  const ColourImage image = DecodePng(EncodePng(2, 1, PNG_FORMAT_GRAY, {0, 200})).value();
  EXPECT_EQ(image.width, 2);
  EXPECT_EQ(image.height, 1);
  EXPECT_THAT(image.rgba, ElementsAre(0, 0, 0, 255, 200, 200, 200, 255));
}

TEST(DecodePngTest, ReadsColourAndTransparency) {
  EXPECT_THAT(DecodePng(EncodePng(1, 1, PNG_FORMAT_RGB, {1, 2, 3})).value().rgba,
              ElementsAre(1, 2, 3, 255));
  EXPECT_THAT(DecodePng(EncodePng(1, 1, PNG_FORMAT_RGBA, {1, 2, 3, 4})).value().rgba,
              ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(DecodePng(EncodePng(1, 1, PNG_FORMAT_GA, {9, 4})).value().rgba,
              ElementsAre(9, 9, 9, 4));
}

TEST(DecodePngTest, ReadsSixteenBits) {
  // Linear light 0 and 1: the same black and white in any encoding.
  EXPECT_THAT(DecodePng(EncodePng(2, 1, PNG_FORMAT_LINEAR_Y, {0, 0, 255, 255})).value().rgba,
              ElementsAre(0, 0, 0, 255, 255, 255, 255, 255));
}

TEST(DecodePngTest, RefusesWhatIsNoPng) {
  for (const char* bytes : {"", "GIF89a", "\x89PNG", "hello, this is text"}) {
    EXPECT_EQ(DecodePng(bytes).status(), InvalidArgumentError("it is not a PNG image"));
  }
}

TEST(DecodePngTest, NeverCrashesOnATruncatedFile) {
  const std::string whole = Noise28x28();
  ASSERT_GT(whole.size(), 700u);
  ASSERT_TRUE(DecodePng(whole).ok());
  for (size_t length = 0; length < whole.size(); length += length < 100 ? 1 : 50) {
    const auto image = DecodePng(std::string_view(whole).substr(0, length));
    // Pixels are all there once only checksums and the end marker are missing.
    if (length >= 8 && length + 24 < whole.size()) {
      EXPECT_EQ(image.status().code(), StatusCode::kDataLoss) << length;
    }
  }
}

TEST(DecodePngTest, NeverCrashesOnADamagedFile) {
  const std::string whole = Noise28x28();
  for (size_t i = 8; i < whole.size(); i += 3) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    (void)DecodePng(damaged).ok();
  }
}

TEST(DecodePngTest, RefusesAPictureThatClaimsToBeHuge) {
  std::string bytes = EncodePng(1, 1, PNG_FORMAT_GRAY, {0});
  // Width and height are the first fields of IHDR; its checksum covers them.
  const unsigned char size[] = {0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff};
  std::memcpy(bytes.data() + 16, size, sizeof(size));
  uint32_t crc = 0xffffffffu;
  for (size_t i = 12; i < 29; ++i) {
    crc ^= static_cast<uint8_t>(bytes[i]);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
  }
  crc = ~crc;
  for (size_t i = 0; i < 4; ++i) bytes[29 + i] = static_cast<char>(crc >> (24 - 8 * i));
  const Status status = DecodePng(bytes).status();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("65535x65535"));
}

}  // namespace
}  // namespace trainyard::cli
