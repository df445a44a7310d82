#include "serving/json/float_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>

namespace trainyard::serving {
namespace {

constexpr int kShortDigits = 6;
constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

char* WriteWord(const char* word, char* out) {
  const size_t size = std::strlen(word);
  std::memcpy(out, word, size);
  return out + size;
}

// ".0" unless it is clear that this is no integer.
char* WithPoint(char* begin, char* end) {
  const bool is_clear = std::any_of(begin, end, [](char c) { return c == '.' || c == 'e'; });
  return is_clear ? end : WriteWord(".0", end);
}

template <class T>
char* WriteSpecial(T value, char* out) {
  if (std::isnan(value)) return WriteWord("NaN", out);
  return WriteWord(value < 0 ? "-Infinity" : "Infinity", out);
}

// Any finite number, by the library.
template <class T>
char* WriteAny(T value, int all_digits, char* out) {
  char* const limit = out + kMaxFloatText;
  char* end = std::to_chars(out, limit, value, std::chars_format::general, kShortDigits).ptr;
  T back = 0;
  std::from_chars(out, end, back);
  if (back != value) {
    end = std::to_chars(out, limit, value, std::chars_format::general, all_digits).ptr;
  }
  return WithPoint(out, end);
}

// A decimal number: 0.d1d2d3... * 10^(exponent + 1), so that `exponent` is that of the first digit.
struct Decimal {
  uint32_t digits = 0;
  int exponent = 0;
};

// A positive float of moderate size, whose decimal digits an integer of 128 bits can hold.
class Moderate {
 public:
  // Nothing if the number is too large or too small for it.
  static std::optional<Moderate> Of(float value) {
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    const int biased = static_cast<int>(bits >> 23);
    if (biased < 72 || biased > 154) return std::nullopt;  // below 1e-16, above 2e8
    Moderate result;
    const uint32_t mantissa = (bits & 0x7FFFFF) | 0x800000;
    const int shift = 150 - biased;  // value = mantissa / 2^shift
    // The first guess is right or one too low.
    result.exponent_ = static_cast<int>(std::floor((biased - 127) * 0.30103));
    result.Scale(mantissa, shift);
    if (result.whole_ >= 1'000'000'000) {
      ++result.exponent_;
      result.Scale(mantissa, shift);
    }
    return result;
  }

  Decimal Nine() const { return Round(whole_, 0, 1, 1'000'000'000); }
  Decimal Six() const { return Round(whole_ / 1000, whole_ % 1000, 1000, 1'000'000); }

 private:
  // whole_ + rest = value * 10^(8 - exponent), with the fraction as far as rounding needs it.
  void Scale(uint32_t mantissa, int shift) {
    __extension__ using Wide = unsigned __int128;
    Wide scaled = mantissa;
    for (int i = 8 - exponent_; i > 0; i -= 9)
      scaled *= static_cast<uint32_t>(kPowers[std::min(i, 9)]);
    if (shift <= 0) {
      whole_ = static_cast<uint64_t>(scaled << -shift);
      fraction_ = 0;
      return;
    }
    whole_ = static_cast<uint64_t>(scaled >> shift);
    const Wide rest = scaled & ((Wide{1} << shift) - 1);
    const Wide half = Wide{1} << (shift - 1);
    fraction_ = rest == 0 ? 0 : rest < half ? 1 : rest == half ? 2 : 3;
  }

  // Rounds digits + (rest + fraction) / unit to the nearest, to the even one of two.
  Decimal Round(uint64_t digits, uint64_t rest, uint64_t unit, uint64_t limit) const {
    // In quarters: 0 exact, 1 below the middle, 2 the middle, 3 above it.
    uint32_t side = fraction_;
    if (unit > 1) {
      const uint64_t middle = unit / 2;
      const bool has_more = fraction_ != 0;
      side = rest > middle || (rest == middle && has_more) ? 3 : rest == middle ? 2 : 1;
    }
    if (side == 3 || (side == 2 && digits % 2 != 0)) ++digits;
    if (digits < limit) return {static_cast<uint32_t>(digits), exponent_};
    return {static_cast<uint32_t>(digits / 10), exponent_ + 1};
  }

  int exponent_ = 0;
  uint64_t whole_ = 0;
  uint32_t fraction_ = 0;
};

// Whether six digits give the float back; nothing if that cannot be told this way.
std::optional<bool> GivesBack(const Decimal& six, float value) {
  const int power = kShortDigits - 1 - six.exponent;  // the number is digits / 10^power
  const double exact = six.digits;
  const double decimal = power >= 0 ? exact / kPowers[power] : exact * kPowers[-power];
  uint64_t bits = 0;
  std::memcpy(&bits, &decimal, sizeof bits);
  // The middle between two floats: a second rounding could go the other way.
  if ((bits & 0x1FFFFFFF) == 0x10000000) return std::nullopt;
  return static_cast<float>(decimal) == value;
}

// As "%.<count>g" writes a number of `count` digits.
char* WriteDecimal(Decimal decimal, int count, char* out) {
  char text[9];
  uint32_t digits = decimal.digits;
  for (int i = count; i-- > 0; digits /= 10) text[i] = static_cast<char>('0' + digits % 10);
  int last = count;
  while (last > 1 && text[last - 1] == '0') --last;
  const int exponent = decimal.exponent;
  const auto put = [&](int from, int to) {
    for (int i = from; i < to; ++i) *out++ = i < last ? text[i] : '0';
  };
  if (exponent < -4 || exponent >= count) {
    put(0, 1);
    if (last > 1) *out++ = '.';
    put(1, last);
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    const int size = std::abs(exponent);
    *out++ = static_cast<char>('0' + size / 10);
    *out++ = static_cast<char>('0' + size % 10);
    return out;
  }
  if (exponent < 0) {
    out = WriteWord("0.", out);
    for (int i = exponent + 1; i < 0; ++i) *out++ = '0';
    put(0, last);
    return out;
  }
  put(0, exponent + 1);
  *out++ = '.';
  if (last > exponent + 1) {
    put(exponent + 1, last);
  } else {
    *out++ = '0';
  }
  return out;
}

}  // namespace

char* WriteFloat(float value, char* out) {
  if (!std::isfinite(value)) return WriteSpecial(value, out);
  const std::optional<Moderate> moderate = Moderate::Of(std::abs(value));
  if (!moderate) return WriteAny(value, 9, out);
  const Decimal six = moderate->Six();
  const std::optional<bool> is_enough = GivesBack(six, std::abs(value));
  if (!is_enough) return WriteAny(value, 9, out);
  if (value < 0) *out++ = '-';
  return *is_enough ? WriteDecimal(six, kShortDigits, out) : WriteDecimal(moderate->Nine(), 9, out);
}

char* WriteDouble(double value, char* out) {
  if (!std::isfinite(value)) return WriteSpecial(value, out);
  return WriteAny(value, 17, out);
}

}  // namespace trainyard::serving
