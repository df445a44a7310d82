#include "resnet/augment.h"

#include <algorithm>

namespace resnet {

using namespace trainyard;
using namespace trainyard::train;

namespace {

struct Change {
  bool mirror;
  int64_t down, right;
};

void Apply(const Change& change, const uint8_t* from, uint8_t* to, int64_t height, int64_t width) {
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const int64_t row = y - change.down;
      int64_t column = x - change.right;
      const bool inside = row >= 0 && row < height && column >= 0 && column < width;
      if (change.mirror) column = width - 1 - column;
      to[y * width + x] = inside ? from[row * width + column] : uint8_t{0};
    }
  }
}

}  // namespace

MapFn Augment(int64_t max_shift) {
  return [max_shift](Batch batch, Random& random) -> Result<Batch> {
    const auto found = batch.features.find("image");
    if (found == batch.features.end() || found->second.dtype() != tf::DataType::kUint8 ||
        found->second.shape().size() != 4 || found->second.shape()[3] != 1) {
      return InvalidArgumentError(
          "cannot augment a batch without a feature \"image\", uint8 [batch,height,width,1]");
    }
    const tf::Tensor old = std::move(found->second);
    const tf::Shape shape = old.shape();
    tf::Tensor images = tf::Tensor::Allocate(tf::DataType::kUint8, shape);
    const int64_t size = shape[1] * shape[2];
    const auto shift = [&] {
      return static_cast<int64_t>(random.Below(static_cast<uint64_t>(2 * max_shift + 1))) -
             max_shift;
    };
    for (int64_t i = 0; i < shape[0]; ++i) {
      Change change{};
      change.mirror = random.Below(2) == 1;
      change.down = shift();
      change.right = shift();
      Apply(change, old.data<uint8_t>().data() + i * size, images.data<uint8_t>().data() + i * size,
            shape[1], shape[2]);
    }
    found->second = std::move(images);
    return batch;
  };
}

}  // namespace resnet
