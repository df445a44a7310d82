#include "serving/json/escape.h"

#include <array>
#include <cstdint>

namespace trainyard::serving {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr int8_t kNoDigit = -1;
constexpr int8_t kBlank = -2;

constexpr std::array<int8_t, 256> Base64Digits() {
  std::array<int8_t, 256> table{};
  for (int8_t& digit : table) digit = kNoDigit;
  for (int8_t i = 0; i < 64; ++i) table[static_cast<unsigned char>(kBase64[i])] = i;
  for (const unsigned char c : {' ', '\t', '\n', '\v', '\f', '\r'}) table[c] = kBlank;
  return table;
}

constexpr std::array<int8_t, 256> kBase64Digits = Base64Digits();

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Four hexadecimal digits at `at`; -1 if they are not there.
int32_t HexFour(const char* at) {
  int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = HexDigit(at[i]);  // the zero at the end is none
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

void AppendUtf8(uint32_t c, std::string* out) {
  const auto put = [out](uint32_t byte) { *out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

// "\u" and what follows.
const char* UnescapeUnicode(const char** at, std::string* out) {
  const char* p = *at + 2;
  const int32_t first = HexFour(p);
  if (first < 0) return "Incorrect hex digit after \\u escape in string.";
  p += 4;
  auto code = static_cast<uint32_t>(first);
  if (code >= 0xD800 && code <= 0xDFFF) {  // half of a character
    const char* const kNoPair = "The surrogate pair in string is invalid.";
    if (code > 0xDBFF || p[0] != '\\' || p[1] != 'u') return kNoPair;
    const int32_t second = HexFour(p + 2);
    if (second < 0) return "Incorrect hex digit after \\u escape in string.";
    if (second < 0xDC00 || second > 0xDFFF) return kNoPair;
    code = 0x10000 + ((code - 0xD800) << 10) + (static_cast<uint32_t>(second) - 0xDC00);
    p += 6;
  }
  AppendUtf8(code, out);
  *at = p;
  return nullptr;
}

char Unescaped(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

// The letter that stands for a control character after a backslash; 'u' if none does.
char EscapeLetter(char c) {
  switch (c) {
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 'u';
  }
}

}  // namespace

const char* Unescape(const char** at, std::string* out) {
  const char letter = (*at)[1];
  if (letter == 'u') return UnescapeUnicode(at, out);
  const char c = Unescaped(letter);
  if (c == '\0') return "Invalid escape character in string.";
  *out += c;
  *at += 2;
  return nullptr;
}

void AppendQuoted(std::string_view text, std::string* out) {
  *out += '"';
  size_t copied = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text, copied, i - copied);
    copied = i + 1;
    *out += '\\';
    if (c == '"' || c == '\\') {
      *out += c;
      continue;
    }
    const char letter = EscapeLetter(c);
    *out += letter;
    if (letter != 'u') continue;
    *out += "00";
    *out += kHex[c >> 4];
    *out += kHex[c & 15];
  }
  out->append(text, copied, text.npos);
  *out += '"';
}

void AppendBase64(std::string_view bytes, std::string* out) {
  const auto byte = [&](size_t i) {
    return i < bytes.size() ? static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) : 0;
  };
  out->reserve(out->size() + (bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const uint32_t three = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    *out += kBase64[three >> 18];
    *out += kBase64[three >> 12 & 63];
    *out += i + 1 < bytes.size() ? kBase64[three >> 6 & 63] : '=';
    *out += i + 2 < bytes.size() ? kBase64[three & 63] : '=';
  }
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  while (!text.empty() && kBase64Digits[static_cast<unsigned char>(text.back())] == kBlank) {
    text.remove_suffix(1);
  }
  size_t padding = 0;
  for (; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  std::string out;
  out.reserve(text.size() / 4 * 3 + 3);
  uint32_t bits = 0;
  size_t digits = 0;
  for (const char c : text) {
    const int8_t digit = kBase64Digits[static_cast<unsigned char>(c)];
    if (digit == kBlank) continue;
    if (digit == kNoDigit) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    if (++digits % 4 != 0) continue;
    out += static_cast<char>(bits >> 16);
    out += static_cast<char>(bits >> 8 & 255);
    out += static_cast<char>(bits & 255);
    bits = 0;
  }
  const size_t rest = digits % 4;
  if (rest == 1 || (padding > 0 && rest + padding != 4)) return std::nullopt;
  if (rest == 2) out += static_cast<char>(bits >> 4 & 255);
  if (rest == 3) {
    out += static_cast<char>(bits >> 10 & 255);
    out += static_cast<char>(bits >> 2 & 255);
  }
  return out;
}

}  // namespace trainyard::serving
