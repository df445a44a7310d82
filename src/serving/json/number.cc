#include "serving/json/number.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace trainyard::serving {
namespace {

constexpr int kMaxExactDigits = 19;  // 10^19 < 2^64

constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr int kMaxPower = 22;  // the largest power of ten that a double holds exactly

// A long double of 64 bits precision holds more of them exactly.
constexpr bool kHasExtended = std::numeric_limits<long double>::digits == 64;
constexpr long double kLongPowers[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,
                                       1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
                                       1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L,
                                       1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
constexpr int kMaxLongPower = 27;

bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// Whether the eight bytes are all digits; the first character is the lowest byte.
bool AreEightDigits(uint64_t bytes) {
  return (((bytes + 0x4646464646464646) | (bytes - 0x3030303030303030)) & 0x8080808080808080) == 0;
}

// The number that eight digits are: pairs, then fours, then all, each step one multiplication.
uint32_t EightDigits(uint64_t bytes) {
  bytes -= 0x3030303030303030;
  bytes = (bytes * 10) + (bytes >> 8);
  constexpr uint64_t kMask = 0x000000FF000000FF;
  constexpr uint64_t kHigh = 100 + (uint64_t{1000000} << 32);
  constexpr uint64_t kLow = 1 + (uint64_t{10000} << 32);
  return static_cast<uint32_t>(((bytes & kMask) * kHigh + ((bytes >> 16) & kMask) * kLow) >> 32);
}

// Adds the digits at `at` to `*digits` (which wraps around if there are too many).
const char* TakeDigits(const char* at, const char* end, uint64_t* digits) {
  while (end - at >= 8) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, at, 8);
    if (!AreEightDigits(bytes)) break;
    *digits = *digits * 100'000'000 + EightDigits(bytes);
    at += 8;
  }
  for (; IsDigit(*at); ++at) *digits = *digits * 10 + static_cast<uint64_t>(*at - '0');
  return at;
}

// Reads `word` as far as it goes; whether all of it is there.
bool Takes(const char** at, const char* word) {
  for (; *word != '\0'; ++word, ++*at) {
    if (**at != *word) return false;
  }
  return true;
}

NumberError ScanSpecial(const char* at, JsonNumber* number) {
  number->end = at;
  if (*at == 'N') {
    number->special = JsonNumber::Special::kNan;
    return Takes(&number->end, "NaN") ? NumberError::kNone : NumberError::kInvalidValue;
  }
  number->special = JsonNumber::Special::kInfinity;
  if (!Takes(&number->end, "Inf")) return NumberError::kInvalidValue;
  if (*number->end != 'i') return NumberError::kNone;
  return Takes(&number->end, "inity") ? NumberError::kNone : NumberError::kInvalidValue;
}

// Where the digits after "e" end; their value, cut where it makes no difference any more.
const char* ScanExponent(const char* at, int* exponent) {
  const bool is_negative = *at == '-';
  if (*at == '-' || *at == '+') ++at;
  const char* const begin = at;
  int value = 0;
  for (; IsDigit(*at); ++at) value = value < 100'000 ? value * 10 + (*at - '0') : value;
  if (at == begin) return nullptr;
  *exponent += is_negative ? -value : value;
  return at;
}

double FromText(const JsonNumber& number) {
  double value = 0;
  const auto [end, error] = std::from_chars(number.begin, number.end, value);
  // Infinity or (almost) zero; from_chars does not say which.
  if (error == std::errc::result_out_of_range) return std::strtod(number.begin, nullptr);
  return value;
}

// The quotient or product in 64 bits, rounded once more to 53: the nearest double, unless the first
// rounding has hit the middle between two doubles.
bool ExtendedToDouble(uint64_t digits, int exponent, double* value) {
  const auto exact = static_cast<long double>(digits);
  const long double wide =
      exponent < 0 ? exact / kLongPowers[-exponent] : exact * kLongPowers[exponent];
  uint64_t bits = 0;
  std::memcpy(&bits, &wide, sizeof bits);
  if ((bits & 0x7ff) == 0x400) return false;
  *value = static_cast<double>(wide);
  return true;
}

}  // namespace

bool JsonNumber::FitsInt64() const {
  constexpr uint64_t kLimit = uint64_t{1} << 63;
  return is_integer && is_exact && (is_negative ? digits <= kLimit : digits < kLimit);
}

NumberError ScanNumber(const char* begin, const char* end, JsonNumber* number) {
  const char* at = begin;
  *number = JsonNumber{.begin = begin, .is_negative = *at == '-'};
  if (number->is_negative) ++at;
  if (*at == 'N' || *at == 'I') return ScanSpecial(at, number);
  number->end = at;
  if (!IsDigit(*at)) return NumberError::kInvalidValue;

  uint64_t digits = 0;
  const char* const whole = at;
  at = *at == '0' ? at + 1 : TakeDigits(at, end, &digits);
  int64_t significant = *whole == '0' ? 0 : at - whole;
  number->is_integer = true;
  int64_t fraction_size = 0;
  if (*at == '.') {
    number->is_integer = false;
    const char* fraction = ++at;
    at = TakeDigits(at, end, &digits);
    fraction_size = at - fraction;
    number->end = at;
    if (fraction_size == 0) return NumberError::kMissingFraction;
    significant += fraction_size;
    if (significant > kMaxExactDigits && *whole == '0') {
      for (; fraction != at && *fraction == '0'; ++fraction) --significant;
    }
  }
  if (significant == 20 && number->is_integer) {
    // 20 digits may still fit; if they do not, the sum has wrapped around.
    uint64_t value = 0;
    number->is_exact = std::from_chars(whole, at, value).ec == std::errc();
  } else {
    number->is_exact = significant <= kMaxExactDigits;
  }
  number->digits = digits;
  number->exponent = fraction_size > 1'000'000 ? -1'000'000 : -static_cast<int>(fraction_size);
  if (*at == 'e' || *at == 'E') {
    number->is_integer = false;
    const char* const after = ScanExponent(at + 1, &number->exponent);
    if (after == nullptr) {
      number->end = at + 1 + (at[1] == '-' || at[1] == '+' ? 1 : 0);
      return NumberError::kMissingExponent;
    }
    at = after;
  }
  number->end = at;
  return NumberError::kNone;
}

double ToDouble(const JsonNumber& number) {
  double value = 0;
  if (number.special == JsonNumber::Special::kNan) {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (number.special == JsonNumber::Special::kInfinity) {
    value = std::numeric_limits<double>::infinity();
  } else if (!number.is_exact) {
    return FromText(number);
  } else if (number.digits == 0) {
    value = 0;
  } else if (number.digits >> 53 == 0 && number.exponent <= kMaxPower &&
             number.exponent >= -kMaxPower) {
    const auto exact = static_cast<double>(number.digits);
    value =
        number.exponent < 0 ? exact / kPowers[-number.exponent] : exact * kPowers[number.exponent];
  } else if (!kHasExtended || number.exponent > kMaxLongPower || number.exponent < -kMaxLongPower ||
             !ExtendedToDouble(number.digits, number.exponent, &value)) {
    return FromText(number);
  }
  return number.is_negative ? -value : value;
}

}  // namespace trainyard::serving
