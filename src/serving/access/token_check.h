// Bearer tokens: who may ask at all. The same check for gRPC (`authorization` in the metadata) and
// REST (the `Authorization` header). Pure but for reading the file.
//
//   ASSIGN_OR_RETURN(const TokenCheck tokens, TokenCheck::FromFile("/etc/trainyard/tokens"));
//   RETURN_IF_ERROR(tokens.Check(request.header("authorization")));
//
// Immutable, therefore thread-safe. No token appears in any message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace trainyard::serving {

class TokenCheck {
 public:
  // Lets everybody in.
  TokenCheck() = default;

  // One token per line; blank lines and lines that begin with '#' are left out, so is blank space
  // around a token. InvalidArgument if there is no token, or one is shorter than 16 characters, or
  // has characters that RFC 6750 does not allow; the message has the line's number, not the line.
  static Result<TokenCheck> Parse(std::string_view text);
  static Result<TokenCheck> FromFile(const std::string& path);

  bool is_needed() const { return !tokens_.empty(); }

  // `authorization` is the header's whole value, "Bearer TOKEN"; empty if there is none.
  // Unauthenticated unless it has one of the tokens. The time it takes depends on the length of the
  // token given and on the number of tokens known, not on how much of one is right.
  Status Check(std::string_view authorization) const;

 private:
  std::vector<std::string> tokens_;
};

}  // namespace trainyard::serving
