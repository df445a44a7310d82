// From a JSON number to an element of a tensor. Pure, thread-safe.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "serving/json/number.h"

namespace trainyard::serving {

// The upper half of a float.
struct Bfloat16 {
  uint16_t bits = 0;
};

using Half = _Float16;

// To the nearest; the even one of two.
inline Bfloat16 ToBfloat16(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  if (std::isnan(value)) return {static_cast<uint16_t>(bits >> 16 | 0x40)};
  return {static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)};
}

inline float ToFloat(Bfloat16 value) {
  const uint32_t bits = uint32_t{value.bits} << 16;
  float result = 0;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

// False if the number is not one of T's: a fraction or out of range for integers, or too large even
// for a double. Floating point takes any other number, rounded, and infinity if it is too large for
// T only.
template <class T>
bool ToElement(const JsonNumber& number, T* element) {
  if constexpr (std::is_integral_v<T> && std::is_unsigned_v<T>) {
    if (!number.FitsUint64() || number.digits > std::numeric_limits<T>::max()) return false;
    *element = static_cast<T>(number.digits);
  } else if constexpr (std::is_integral_v<T>) {
    if (!number.FitsInt64()) return false;
    const int64_t value = number.AsInt64();
    if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) {
      return false;
    }
    *element = static_cast<T>(value);
  } else {
    const double value = ToDouble(number);
    if (std::isinf(value) && number.special == JsonNumber::Special::kNone) return false;
    if constexpr (std::is_same_v<T, Bfloat16>) {
      *element = ToBfloat16(static_cast<float>(value));
    } else {
      *element = static_cast<T>(value);
    }
  }
  return true;
}

}  // namespace trainyard::serving
