#include "net/internal/http_head.h"

#include <algorithm>
#include <charconv>

#include "net/internal/syntax.h"

namespace trainyard::net {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

bool SameText(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// Up to the line's end, which is removed as well.
std::string_view TakeLine(std::string_view* text) {
  const size_t end = std::min(text->find(kLineEnd), text->size());
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(std::min(end + kLineEnd.size(), text->size()));
  return line;
}

// No control characters but tabs.
bool IsText(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
}

std::optional<HttpRefusal> ParseRequestLine(std::string_view line, HttpHead* head) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == line.npos || first == last) return HttpRefusal{};
  head->method = line.substr(0, first);
  head->target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  const bool is_target =
      !head->target.empty() && std::all_of(head->target.begin(), head->target.end(), [](char c) {
        return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
      });
  if (!IsToken(head->method) || !is_target || !version.starts_with("HTTP/")) return HttpRefusal{};
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return HttpRefusal{505, "this server speaks HTTP/1.1 and HTTP/1.0"};
  }
  head->minor_version = version.back() - '0';
  return std::nullopt;
}

std::optional<HttpRefusal> ParseHeaders(std::string_view text, HttpHead* head) {
  while (!text.empty()) {
    const std::string_view line = TakeLine(&text);
    if (line.empty()) break;
    const size_t colon = line.find(':');
    if (colon == line.npos || !IsToken(line.substr(0, colon))) return HttpRefusal{};
    const std::string_view value = Trim(line.substr(colon + 1));
    if (!IsText(value)) return HttpRefusal{};
    head->headers.emplace_back(line.substr(0, colon), value);
  }
  return std::nullopt;
}

std::optional<HttpRefusal> ReadLength(std::string_view value, HttpHead* head) {
  uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  const bool is_number = !value.empty() && end == value.data() + value.size() &&
                         value.find_first_not_of("0123456789") == value.npos;
  if (is_number && error == std::errc::result_out_of_range) length = UINT64_MAX;
  if (!is_number && error != std::errc::result_out_of_range) {
    return HttpRefusal{400, "Content-Length is not a number"};
  }
  if (head->content_length && *head->content_length != length) {
    return HttpRefusal{400, "two different lengths of the body"};
  }
  head->content_length = length;
  return std::nullopt;
}

std::optional<HttpRefusal> ReadMeaning(HttpHead* head) {
  head->keep_alive = head->minor_version == 1;
  for (const auto& [name, value] : head->headers) {
    if (SameText(name, "Content-Length")) {
      if (auto refusal = ReadLength(value, head)) return refusal;
    } else if (SameText(name, "Transfer-Encoding")) {
      if (!SameText(value, "chunked") || head->is_chunked) {
        return HttpRefusal{501, "only the transfer encoding \"chunked\" is understood"};
      }
      head->is_chunked = true;
    } else if (SameText(name, "Connection")) {
      if (HasToken(value, "close")) head->keep_alive = false;
      if (HasToken(value, "keep-alive") && head->minor_version == 0) head->keep_alive = true;
    } else if (SameText(name, "Expect")) {
      if (!SameText(value, "100-continue")) return HttpRefusal{417, "an unknown expectation"};
      head->expects_continue = head->minor_version == 1;
    }
  }
  if (head->is_chunked && (head->content_length || head->minor_version == 0)) {
    return HttpRefusal{400, "two different lengths of the body"};
  }
  return std::nullopt;
}

}  // namespace

size_t FindHeadEnd(std::string_view received) {
  size_t line = 0;         // where the current one begins
  bool has_begun = false;  // whether there was a line with something in it
  while (true) {
    const size_t end = received.find('\n', line);
    if (end == received.npos) return 0;
    if (end == line || received[end - 1] != '\r') return received.npos;
    const bool is_empty = end == line + 1;
    if (is_empty && has_begun) return end + 1;
    has_begun = has_begun || !is_empty;
    line = end + 1;
  }
}

std::optional<HttpRefusal> ParseHead(std::string_view text, HttpHead* head) {
  while (text.starts_with(kLineEnd)) text.remove_prefix(kLineEnd.size());
  if (auto refusal = ParseRequestLine(TakeLine(&text), head)) return refusal;
  if (auto refusal = ParseHeaders(text, head)) return refusal;
  return ReadMeaning(head);
}

bool HasToken(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    if (SameText(Trim(list.substr(0, end)), token)) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

}  // namespace trainyard::net
