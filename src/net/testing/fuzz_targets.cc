// What holds of any URL, and of any bytes that come from the other side of a connection.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <tuple>

#include "base/testing/fuzz.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/internal/chunked.h"
#include "net/internal/coding.h"
#include "net/internal/syntax.h"
#include "net/internal/tls_context.h"
#include "net/internal/url.h"
#include "net/testing/certificates.h"
#include "net/testing/raw_server.h"
#include "net/web_socket.h"

namespace trainyard {
namespace net {
namespace {

using Pieces = std::vector<std::string_view>;
using std::chrono::milliseconds;

constexpr milliseconds kPatience{10'000};
constexpr size_t kMaxBytes = 1'000;

// Given wherever certificates are asked for: reading those of the machine takes a tenth of a
// second.
const TestAuthority& Authority() {
  static const TestAuthority authority;
  return authority;
}

Status CheckUrl(std::string_view text) {
  const Result<Url> url = ParseUrl(text);
  if (!url.ok()) {
    const size_t mark = text.find('?');
    const std::string_view secret = mark == text.npos ? std::string_view() : text.substr(mark);
    return Expect(secret.size() < 8 || url.error().message().find(secret) == std::string::npos,
                  "a complaint does not show the query");
  }
  RETURN_IF_ERROR(Expect(url->port > 0 && url->port < 65536 && url->target.starts_with('/'),
                         "a URL has a port and a path"));
  const Result<Url> again = ParseUrl(url->scheme + "://" + url->Authority() + url->target);
  return Expect(again.ok() && again->scheme == url->scheme && again->host == url->host &&
                    again->port == url->port && again->target == url->target,
                "what is written reads as the same");
}

Status CheckPem(std::string_view text) {
  const std::string pem(text);
  for (const TlsOptions& options :
       {TlsOptions{.ca_pem = pem},
        TlsOptions{.ca_pem = Authority().ca_pem(), .cert_pem = pem, .key_pem = pem}}) {
    const auto context = MakeTlsContext(options);
    RETURN_IF_ERROR(Expect(context.ok() || context.error().code() == StatusCode::kInvalidArgument,
                           "other text is refused"));
  }
  return OkStatus();
}

// What a RawServer does that answers with `prologue`, made of the request's head, and the pieces.
RawServer::Script AnswerWith(std::function<std::string(const std::string& head)> prologue,
                             const Pieces& pieces) {
  return [prologue = std::move(prologue), &pieces](RawConnection& connection) {
    const int on = 1;
    setsockopt(connection.socket(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bool is_open = connection.Write(prologue(connection.ReadHead()));
    for (const std::string_view piece : pieces) is_open = is_open && connection.Write(piece);
    // Not closed yet: that would reset the connection if the client is still writing.
    shutdown(connection.socket(), SHUT_WR);
    connection.WaitForClose();
  };
}

// What a client makes of an answer; of a failure, its code.
using Received = std::tuple<StatusCode, int, Headers, std::string>;

Received Fetch(const Pieces& pieces) {
  const RawServer server(AnswerWith([](const std::string&) { return std::string(); }, pieces));
  const auto client = HttpClient::Create({.tls = {.ca_pem = Authority().ca_pem()}});
  const auto response =
      (*client)->Send({.url = server.url(), .timeout = kPatience, .max_body_bytes = kMaxBytes});
  if (!response.ok()) return {response.error().code(), 0, {}, ""};
  return {StatusCode::kOk, response->status, response->headers, response->body};
}

Status CheckHttpAnswer(std::string_view text) {
  const Received whole = Fetch({text});
  const auto& [code, status, headers, body] = whole;
  RETURN_IF_ERROR(Expect(code != StatusCode::kDeadlineExceeded, "an answer comes to its end"));
  RETURN_IF_ERROR(Expect(code != StatusCode::kOk || status >= 200, "the last status counts"));
  RETURN_IF_ERROR(Expect(body.size() <= kMaxBytes, "a body has a limit"));
  for (const auto& [name, value] : headers) {
    RETURN_IF_ERROR(Expect(Trim(value) == value && value.find('\n') == value.npos,
                           "a header's value is one line without blanks around it"));
  }
  // libcurl makes this or that of a head with zero bytes.
  if (text.find('\0') != text.npos) return OkStatus();
  return Expect(Fetch(CutAnywhere(text)) == whole, "the same however it is cut");
}

std::string Accept(const std::string& head) {
  constexpr std::string_view kName = "Sec-WebSocket-Key: ";
  const size_t begin = head.find(kName) + kName.size();
  const std::string key =
      head.substr(begin, head.find('\r', begin) - begin) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
  unsigned char accept[32];
  EVP_EncodeBlock(accept, digest, sizeof digest);
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         std::string(reinterpret_cast<const char*>(accept)) + "\r\n\r\n";
}

// The messages of a WebSocket and how it ended.
std::pair<std::vector<std::string>, StatusCode> ReadMessages(const Pieces& pieces) {
  const RawServer server(AnswerWith(Accept, pieces));
  std::vector<std::string> messages;
  const auto socket = WebSocket::Connect({.url = server.url(),
                                          .tls = {.ca_pem = Authority().ca_pem()},
                                          .max_message_bytes = kMaxBytes});
  if (!socket.ok()) return {{"cannot connect"}, socket.error().code()};
  while (true) {
    auto message = (*socket)->Read(kPatience);
    if (!message.ok()) return {messages, message.error().code()};
    if (!*message) return {messages, StatusCode::kOk};
    messages.push_back(**std::move(message));
  }
}

Status CheckWebSocket(std::string_view text) {
  const auto whole = ReadMessages({text});
  RETURN_IF_ERROR(
      Expect(whole.second != StatusCode::kDeadlineExceeded, "a connection comes to its end"));
  for (const std::string& message : whole.first) {
    RETURN_IF_ERROR(Expect(message.size() <= kMaxBytes, "a message has a limit"));
  }
  return Expect(ReadMessages(CutAnywhere(text)) == whole, "the same however it is cut");
}

// All that a server answers to these bytes.
std::string Ask(int port, const Pieces& pieces) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  CHECK(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  for (const std::string_view piece : pieces) {
    (void)send(fd, piece.data(), piece.size(), MSG_NOSIGNAL);
  }
  shutdown(fd, SHUT_WR);
  std::string answer;
  char buffer[4096];
  while (true) {
    const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
    if (size <= 0) break;
    answer.append(buffer, static_cast<size_t>(size));
  }
  close(fd);
  return answer;
}

Status CheckHttpQuestion(std::string_view text) {
  static const auto server =
      HttpServer::Start({.address = "127.0.0.1:0"}, [](const HttpQuestion& question) {
        return HttpAnswer{.body = question.method + " " + question.path + " " + question.query +
                                  " " + question.body};
      });
  const int port = (*server)->port();
  const std::string whole = Ask(port, {text});
  RETURN_IF_ERROR(Expect(whole.empty() || whole.starts_with("HTTP/1."), "an answer is HTTP"));
  const std::string cut = Ask(port, CutAnywhere(text));
  // Half a request that is malformed is answered with 400 or not at all.
  RETURN_IF_ERROR(
      Expect(cut.starts_with(whole) || whole.starts_with(cut), "the same however it is cut"));
  const std::string path = "/" + std::string(text.substr(0, kMaxBytes));
  const std::string question =
      "GET /" + PercentEncode(path.substr(1)) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  return Expect(Ask(port, {question}).ends_with("\r\n\r\nGET " + path + "  "),
                "a path comes as it was before it was encoded");
}

Status CheckChunks(std::string_view text) {
  ChunkedReader whole;
  std::string body;
  std::string_view rest = text;
  const ChunkedReader::State state = whole.Read(&rest, kMaxBytes, &body);
  RETURN_IF_ERROR(Expect(body.size() <= kMaxBytes, "a body has a limit"));
  ChunkedReader cut;
  std::string same;
  ChunkedReader::State last = ChunkedReader::State::kMore;
  for (std::string_view piece : CutAnywhere(text)) {
    if (last == ChunkedReader::State::kMore) last = cut.Read(&piece, kMaxBytes, &same);
  }
  return Expect(state == last && (state != ChunkedReader::State::kDone || body == same),
                "the same however it is cut");
}

Status CheckPacked(std::string_view text) {
  const Result<std::string> body = Unpack(text, kMaxBytes);
  RETURN_IF_ERROR(Expect(!body.ok() || body->size() <= kMaxBytes, "a body has a limit"));
  const Result<std::string> again = Unpack(PackGzip(text), text.size());
  return Expect(again.ok() && *again == text, "what is packed unpacks as the same");
}

}  // namespace
}  // namespace net

std::vector<FuzzTarget> FuzzTargets() {
  using namespace net;  // NOLINT: what stands above
  const TestCertificate certificate = Authority().Issue("somebody");
  const std::string frames("\x82\3abc\1\2de\x80\1f\x89\0\x88\2\3\xe8", 17);
  return {
      {"url",
       CheckUrl,
       {"https://kube.example:6443/api?limit=1#x", "ws://[::1]:80/?secret=12345678", "http://h",
        "wss://1.2.3.4?q"}},
      {"pem", CheckPem, {Authority().ca_pem(), certificate.cert_pem + certificate.key_pem}, 1'000},
      {"http_answer",
       CheckHttpAnswer,
       {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX:  y \r\n\r\nok",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3;a=b\r\nabc\r\n0\r\nTrailer: t\r\n\r\n",
        "HTTP/1.0 429\r\nRetry-After: 5\r\n\r\nto the end", "HTTP/1.1 204 Nothing\r\n\r\n"},
       300},
      {"http_question",
       CheckHttpQuestion,
       {"GET /a%20b?c=d HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nokHEAD /x HTTP/1.0\r\n\r\n",
        "PUT /%zz HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na\r\n0\v\v\x8d\n\r\n"},
       300},
      {"chunks", CheckChunks, {"3;a=b\r\nabc\r\n0\r\nT: r\r\n\r\nmore", "ffff\r\n", "1\r\na\r\n"}},
      {"packed", CheckPacked, {PackGzip("some text that is packed"), "plain"}},
      {"web_socket", CheckWebSocket, {frames, std::string("\x82\x7e\0\3abc\x88\0", 9)}, 300},
  };
}

}  // namespace trainyard
