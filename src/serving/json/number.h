// JSON numbers from text, exactly rounded.
//
// Pure, thread-safe. Numbers are what clients send most of, so this is the hot spot of every REST
// request. Almost all of them have at most 19 digits and a small exponent: those are one product or
// quotient of two numbers that are exact (Clinger's way, here also in the 64 bits of precision of a
// long double, for the 17 digits that Python writes); the rest is std::from_chars' work.
#pragma once

#include <cstdint>

namespace trainyard::serving {

struct JsonNumber {
  const char* begin = nullptr;
  const char* end = nullptr;  // one past the last character
  uint64_t digits = 0;        // all digits as one integer, if they are exact
  int exponent = 0;           // the value is digits * 10^exponent
  bool is_negative = false;
  bool is_exact = false;    // whether `digits` holds all of them
  bool is_integer = false;  // neither fraction nor exponent nor NaN nor infinity
  enum class Special : uint8_t { kNone, kNan, kInfinity } special = Special::kNone;

  // Whether the number is written as an integer that fits.
  bool FitsInt64() const;
  bool FitsUint64() const { return is_integer && is_exact && (!is_negative || digits == 0); }
  // Of a number that fits.
  int64_t AsInt64() const {
    return static_cast<int64_t>(is_negative ? uint64_t{0} - digits : digits);
  }
};

enum class NumberError : uint8_t {
  kNone,
  kInvalidValue,     // not a number at all
  kMissingFraction,  // "1."
  kMissingExponent,  // "1e"
};

// Reads the number at `begin`; `end` is the end of the text, where a zero byte stands. NaN, Inf and
// Infinity are numbers here, as they are for TensorFlow Serving. After an error number->end is
// where it was found.
NumberError ScanNumber(const char* begin, const char* end, JsonNumber* number);

// The nearest double; infinity for what is beyond the largest.
double ToDouble(const JsonNumber& number);

}  // namespace trainyard::serving
