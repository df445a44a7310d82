#include "cli/image_png.h"

#include <png.h>

#include <cstring>
#include <memory>

namespace trainyard::cli {
namespace {

struct PngFreer {
  void operator()(png_image* image) const { png_image_free(image); }
};

}  // namespace

Result<ColourImage> DecodePng(std::string_view bytes) {
  constexpr std::string_view kSignature("\x89PNG\r\n\x1a\n", 8);
  if (!bytes.starts_with(kSignature)) return InvalidArgumentError("it is not a PNG image");
  png_image png;
  std::memset(&png, 0, sizeof(png));
  png.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, PngFreer> freer(&png);
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0) {
    return DataLossError("the PNG image is damaged or cut off ({})", png.message);
  }
  if (int64_t{png.width} * int64_t{png.height} > kMaxImagePixels) {
    return ResourceExhaustedError("the PNG image is {}x{}, more than {} million pixels", png.width,
                                  png.height, kMaxImagePixels >> 20);
  }
  png.format = PNG_FORMAT_RGBA;
  ColourImage image{static_cast<int>(png.width), static_cast<int>(png.height), {}};
  image.rgba.resize(PNG_IMAGE_SIZE(png));
  if (png_image_finish_read(&png, nullptr, image.rgba.data(), 0, nullptr) == 0) {
    return DataLossError("the PNG image is damaged or cut off ({})", png.message);
  }
  return image;
}

}  // namespace trainyard::cli
