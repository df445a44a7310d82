// The MNIST handwritten digits, from their four IDX files; and what has its format, as
// Fashion-MNIST.
#pragma once

#include <string>

#include "base/status.h"
#include "train/inputs/array_input.h"

namespace trainyard::train {

enum class MnistPart { kTrain, kTest };

// Reads "<part>-images-idx3-ubyte" and "<part>-labels-idx1-ubyte" from a directory: the feature
// "image", uint8 [n,28,28,1] with 0 for paper and 255 for ink, and int32 labels [n] in 0..9.
// NotFound if a file is missing, DataLoss if one is damaged or the two do not belong together.
Result<Arrays> LoadMnist(const std::string& directory, MnistPart part);

// Where `name` (".deps/mnist") is a directory, looked for in the current directory, beside this
// program, and above both. Empty if it is nowhere.
std::string FindDataDirectory(const std::string& name);

}  // namespace trainyard::train
