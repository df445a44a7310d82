// SavedModels for tests, written with TensorFlow itself: real graphs, real variables.
#pragma once

#include <string>

namespace trainyard::serving {

// Writes `<base_path>/<version>/` by temporary name and rename, as exporters do; gives the
// directory.
//
// Signature "serving_default": x float [?] -> y = slope * x + 2, the slope being a variable.
std::string WriteLineModel(const std::string& base_path, int version, float slope);

// Without variables. Signature "predict" and "serving_default": image float [?,28,28,1] -> classes
// int64 [?], probabilities float [?,10]. The class is the tenth of the image's mean, so that an
// image filled with 0.35 is a 3.
std::string WriteImageModel(const std::string& base_path, int version);

// Without variables. One signature per element type, named as the type is ("float", "string", ...):
// in -> out, the same values. And "pair": a, b float -> first = a, second = b, with b's default 7.
std::string WriteEchoModel(const std::string& base_path, int version);

}  // namespace trainyard::serving
