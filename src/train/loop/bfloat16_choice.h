// Whether bfloat16 is worth it on this processor: measured, since having the instructions is not
// enough. One processor with AVX512_BF16 made a training step 1.6 times faster, another slower.
#pragma once

#include <string>

#include "base/status.h"

namespace trainyard::train {

// The same convolution and matrix product, forward, in both types; the casts from and to float32,
// which training has as well, are part of the second. The best of some runs each.
struct Bfloat16Timing {
  double float32_ms = 0;
  double bfloat16_ms = 0;
};

// Takes some tens of milliseconds, once per process that trains in bfloat16. The arguments are
// RunConfig's: the first session of a process decides how many threads all of them have. An error
// is TensorFlow's, where it has no such operation for this processor.
Result<Bfloat16Timing> MeasureBfloat16(int intra_op_threads, int inter_op_threads);

struct Bfloat16Choice {
  bool use = false;
  std::string reason;  // a line for the log
};

// Pure: bfloat16 if it was faster.
Bfloat16Choice ChooseBfloat16(const Result<Bfloat16Timing>& timing);

}  // namespace trainyard::train
