// SavedModels for tests, written with TensorFlow itself: real graphs, real variables.
#pragma once

#include <cstdint>
#include <string>

namespace trainyard::serving {

// Writes `<base_path>/<version>/` by temporary name and rename, as exporters do; gives the
// directory.
//
// Signature "serving_default": x float [?] -> y = slope * x + 2, the slope being a variable.
std::string WriteLineModel(const std::string& base_path, int version, float slope);

// The same with slope 0.5, which is the mean of a variable of so many floats.
std::string WriteHeavyModel(const std::string& base_path, int version, int64_t floats);

// Without variables. Signature "predict" and "serving_default": image float [?,28,28,1] -> classes
// int64 [?], probabilities float [?,10]. The class is the tenth of the image's mean, so that an
// image filled with 0.35 is a 3.
std::string WriteImageModel(const std::string& base_path, int version);

// Without variables. One signature per element type, named as the type is ("float", "string", ...):
// in -> out, the same values. And "pair": a, b float -> first = a, second = b, with b's default 7.
std::string WriteEchoModel(const std::string& base_path, int version);

// Without variables, for tf.Examples with a float feature "x". All signatures have the input
// "inputs", string [?]. "classify": classes string [?,2] = low, high; scores float [?,2] = x, -x.
// "regress": outputs float [?,1] = 2 x + 3. "serving_default": scores alone, called a "predict"
// signature as TensorFlow 2 does. "wrong_type": outputs int32 [?,1]; "wrong_size": scores [1,2] for
// any number of examples; "wrong_rank": scores [?]; "elsewhere": outputs of another placeholder,
// also "inputs".
std::string WriteExamplesModel(const std::string& base_path, int version);

}  // namespace trainyard::serving
