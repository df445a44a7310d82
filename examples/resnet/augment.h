// New training images from old ones.
#pragma once

#include "train/inputs/map.h"

namespace resnet {

// Mirrors every second image and moves it by up to `max_shift` pixels up, down, left and right;
// what comes in at the border is 0. For batches with a feature "image", uint8
// [batch,height,width,1]; everything else stays. A step of a Pipeline:
//
//   Pipeline(ArrayInput::Create(...)).Map(Augment(2), {.seed = 1}).Prefetch()
trainyard::train::MapFn Augment(int64_t max_shift);

}  // namespace resnet
