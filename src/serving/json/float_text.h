// Floating point numbers as TensorFlow Serving writes them: with six digits if those give the same
// number back, else with as many as always do (9 for float, 17 for double), as printf's "%g" does
// and without needless zeros; ".0" where neither a point nor an exponent shows that it is no
// integer. NaN, Infinity and -Infinity as such.
//
// The shortest digits that give the number back, which std::to_chars finds, are often fewer: a
// third is 0.333333343 here and 0.33333334 there. Pure, thread-safe.
#pragma once

#include <cstddef>

namespace trainyard::serving {

inline constexpr size_t kMaxFloatText = 32;  // bytes that the longest number takes, and more

// Writes at `out`, which has room for kMaxFloatText; gives the end.
char* WriteFloat(float value, char* out);
char* WriteDouble(double value, char* out);

}  // namespace trainyard::serving
