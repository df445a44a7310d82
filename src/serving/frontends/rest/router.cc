#include "serving/frontends/rest/router.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace trainyard::serving {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Removes `word` (in lower case) from the front, in whatever letter case it stands there.
bool TakeWord(std::string_view* text, std::string_view word) {
  if (text->size() < word.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if (Lower((*text)[i]) != word[i]) return false;
  }
  text->remove_prefix(word.size());
  return true;
}

// Up to the next slash or colon.
std::string_view TakeName(std::string_view* text) {
  const std::string_view name = text->substr(0, std::min(text->find_first_of("/:"), text->size()));
  text->remove_prefix(name.size());
  return name;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// "%41" is "A"; a percent sign without two digits is itself.
std::string Decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool may_be_escape = text[i] == '%' && text.size() - i >= 3;
    const int high = may_be_escape ? HexDigit(text[i + 1]) : -1;
    const int low = may_be_escape ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      out += text[i];
    } else {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

// "/versions/3" or "/labels/stable", if one of them comes next.
Status TakeVersion(std::string_view* text, RestRoute* route) {
  std::string_view rest = *text;
  if (TakeWord(&rest, "/versions/")) {
    const size_t size = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (size == 0) return OkStatus();
    const std::string_view digits = rest.substr(0, size);
    int64_t version = 0;
    if (std::from_chars(digits.data(), digits.data() + size, version).ec != std::errc()) {
      return InvalidArgumentError("Failed to convert version: {} to numeric.", digits);
    }
    route->version = version;
    *text = rest.substr(size);
  } else if (TakeWord(&rest, "/labels/")) {
    const std::string_view label = TakeName(&rest);
    if (label.empty()) return OkStatus();
    route->label = Decode(label);
    *text = rest;
  }
  return OkStatus();
}

RestCall VerbCall(std::string_view verb) {
  for (const auto& [word, call] : {std::pair{std::string_view(":predict"), RestCall::kPredict},
                                   std::pair{std::string_view(":classify"), RestCall::kClassify},
                                   std::pair{std::string_view(":regress"), RestCall::kRegress}}) {
    std::string_view rest = verb;
    if (TakeWord(&rest, word) && rest.empty()) return call;
  }
  return RestCall::kUnknown;
}

// What stands behind the model.
RestCall CallOf(std::string_view method, std::string_view rest) {
  if (method == "POST") return VerbCall(rest);
  if (method != "GET") return RestCall::kUnknown;
  if (rest.empty()) return RestCall::kStatus;
  return TakeWord(&rest, "/metadata") && rest.empty() ? RestCall::kMetadata : RestCall::kUnknown;
}

}  // namespace

Result<RestRoute> RouteRequest(std::string_view method, std::string_view target,
                               std::string_view metrics_path) {
  const std::string_view path = target.substr(0, std::min(target.find('?'), target.size()));
  RestRoute route;
  std::string_view rest = path;
  if (!TakeWord(&rest, "/v1/")) {
    if (method == "GET" && path == "/healthz") route.call = RestCall::kHealth;
    if (method == "GET" && path == "/readyz") route.call = RestCall::kReady;
    if (method == "GET" && !metrics_path.empty() && path == metrics_path) {
      route.call = RestCall::kMetrics;
    }
    return route;
  }
  if (method == "OPTIONS") {
    route.call = RestCall::kOptions;
    return route;
  }
  const Status malformed = InvalidArgumentError("Malformed request: {} {}", method, path);
  if (!TakeWord(&rest, "models")) return malformed;
  if (method == "GET" && (rest.empty() || rest == "/")) {
    route.call = RestCall::kListModels;
    return route;
  }
  if (!rest.starts_with('/')) return malformed;
  rest.remove_prefix(1);
  route.model = Decode(TakeName(&rest));
  RETURN_IF_ERROR(TakeVersion(&rest, &route));
  route.call = route.model.empty() ? RestCall::kUnknown : CallOf(method, rest);
  if (route.call == RestCall::kUnknown) return malformed;
  return route;
}

}  // namespace trainyard::serving
