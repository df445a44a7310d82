// The head of an HTTP/1 request: request line and headers. Pure, thread-safe; input is untrusted.
//
// Strict where leniency has let requests be smuggled past proxies: lines end in CRLF, no folded
// headers, no blanks before a colon, one length of the body (RFC 9112, sections 2.2, 5 and 6).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace trainyard::net {

struct HttpHead {
  std::string method{};
  std::string target{};  // as sent
  int minor_version = 1;
  Headers headers{};
  bool keep_alive = false;
  bool is_chunked = false;
  std::optional<uint64_t> content_length{};
  bool expects_continue = false;
};

// What to answer to a head that is none, and why.
struct HttpRefusal {
  int status = 400;
  std::string_view text = "not an HTTP request";
};

// Looks for the end of the head in what has come so far: its size, the empty line included; 0 if
// there is more to come; npos if no head can come of it. Empty lines before it belong to it.
size_t FindHeadEnd(std::string_view received);

// `text` is the head with its empty line. What is wrong with it, or nothing.
std::optional<HttpRefusal> ParseHead(std::string_view text, HttpHead* head);

// Whether the comma-separated list holds the token, in any letter case.
bool HasToken(std::string_view list, std::string_view token);

}  // namespace trainyard::net
