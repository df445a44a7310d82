// Decoding PNG files. Thread-safe: no state. Input is untrusted.
#pragma once

#include <string_view>

#include "base/status.h"
#include "cli/image.h"

namespace trainyard::cli {

// Larger pictures are refused before memory is taken for them: a PNG of a few bytes may claim to be
// gigapixels.
inline constexpr int64_t kMaxImagePixels = int64_t{64} << 20;

// Any bit depth, palette, interlacing. InvalidArgument if the bytes are no PNG, DataLoss if the
// picture is damaged or cut off, ResourceExhausted if it is too large.
Result<ColourImage> DecodePng(std::string_view bytes);

}  // namespace trainyard::cli
