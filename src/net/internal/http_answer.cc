#include "net/internal/http_answer.h"

#include <fmt/format.h>

#include "net/internal/coding.h"

namespace trainyard::net {
namespace {

constexpr size_t kMaxPackBytes = 256u << 20;

std::string_view Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Other";
  }
}

}  // namespace

std::string WriteAnswerHead(const HttpHead& asked, bool keep_alive, size_t pack_from,
                            HttpAnswer* answer) {
  const std::string* const accepts = FindHeader(asked.headers, "Accept-Encoding");
  const bool may_pack =
      pack_from > 0 && answer->body.size() >= pack_from && answer->body.size() <= kMaxPackBytes;
  const bool is_packed = may_pack && accepts != nullptr && AcceptsGzip(*accepts);
  if (is_packed) answer->body = PackGzip(answer->body);
  std::string head = fmt::format("HTTP/1.{} {} {}\r\n", asked.minor_version, answer->status,
                                 Reason(answer->status));
  const auto add = [&head](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  if (!answer->body.empty()) add("Content-Type", answer->content_type);
  if (answer->status != 204 && answer->status != 304) {
    add("Content-Length", std::to_string(answer->body.size()));
  }
  if (is_packed) add("Content-Encoding", "gzip");
  if (may_pack) add("Vary", "Accept-Encoding");
  for (const auto& [name, value] : answer->headers) add(name, value);
  if (!keep_alive) add("Connection", "close");
  if (keep_alive && asked.minor_version == 0) add("Connection", "keep-alive");
  if (asked.method == "HEAD") answer->body.clear();
  return head + "\r\n";
}

}  // namespace trainyard::net
