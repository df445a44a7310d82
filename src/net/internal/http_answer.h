// The head of an answer. Pure, thread-safe.
#pragma once

#include <string>

#include "net/http_server.h"
#include "net/internal/http_head.h"

namespace trainyard::net {

// What goes out before the body, for the request `asked`. Packs answer->body if it has at least
// `pack_from` bytes (0: never) and the client takes gzip; empties it if the client wants none.
std::string WriteAnswerHead(const HttpHead& asked, bool keep_alive, size_t pack_from,
                            HttpAnswer* answer);

}  // namespace trainyard::net
