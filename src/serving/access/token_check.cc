#include "serving/access/token_check.h"

#include <algorithm>

#include "base/files.h"

namespace trainyard::serving {
namespace {

// Short ones can be guessed.
constexpr size_t kMinLength = 16;
constexpr std::string_view kBlank = " \t\r";
constexpr std::string_view kScheme = "bearer ";

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool IsTokenCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~+/=").find(c) != std::string_view::npos;
}

Status CheckToken(std::string_view token, int line) {
  if (token.size() < kMinLength) {
    return InvalidArgumentError("the token in line {} has fewer than {} characters", line,
                                kMinLength);
  }
  if (!std::all_of(token.begin(), token.end(), IsTokenCharacter)) {
    return InvalidArgumentError(
        "the token in line {} has characters other than letters, digits and -._~+/=", line);
  }
  return OkStatus();
}

// Looks at every byte of `given`, whatever comes out.
bool IsEqual(std::string_view given, std::string_view known) {
  unsigned difference = given.size() == known.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i) {
    difference |=
        static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(known[i % known.size()]);
  }
  return difference == 0;
}

// The scheme's name is not case-sensitive (RFC 9110, section 11.1).
bool HasScheme(std::string_view authorization) {
  return authorization.size() >= kScheme.size() &&
         std::equal(kScheme.begin(), kScheme.end(), authorization.begin(), [](char lower, char c) {
           return lower == (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
         });
}

}  // namespace

Result<TokenCheck> TokenCheck::Parse(std::string_view text) {
  TokenCheck check;
  for (int line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view token = Trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (token.empty() || token.starts_with('#')) continue;
    RETURN_IF_ERROR(CheckToken(token, line));
    check.tokens_.emplace_back(token);
  }
  if (check.tokens_.empty()) return InvalidArgumentError("there is no token");
  return check;
}

Result<TokenCheck> TokenCheck::FromFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  Result<TokenCheck> check = Parse(text);
  if (!check.ok()) return check.status().WithContext(path);
  return check;
}

Status TokenCheck::Check(std::string_view authorization) const {
  if (!is_needed()) return OkStatus();
  if (!HasScheme(authorization)) {
    return Status(StatusCode::kUnauthenticated,
                  "this server asks for a token: send the header \"authorization: Bearer TOKEN\"");
  }
  const std::string_view given = Trim(authorization.substr(kScheme.size()));
  bool found = false;
  for (const std::string& token : tokens_) found |= IsEqual(given, token);
  if (found) return OkStatus();
  return Status(StatusCode::kUnauthenticated, "the token is not one that this server knows");
}

}  // namespace trainyard::serving
