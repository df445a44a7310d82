#include "net/internal/http_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "net/internal/client_watch.h"
#include "net/internal/coding.h"
#include "net/internal/http_answer.h"
#include "net/internal/syntax.h"

namespace trainyard::net {
namespace {

using std::chrono::milliseconds;
using Kind = Transport::Outcome::Kind;

constexpr size_t kReadBytes = 16u << 10;
// A body's memory grows with what has come, so that a promise of much costs nothing.
constexpr size_t kFirstBodyBytes = 256u << 10;
constexpr size_t kMaxKeptBytes = 4u << 10;  // of a buffer, while nothing goes on
// How long a client may take to notice that no more will come. Closing at once could throw away
// what it has not read yet.
constexpr milliseconds kLingerTime{1'000};
constexpr int kTurns = 16;  // requests in a row before others have their turn

void Release(std::string* buffer) {
  buffer->clear();
  if (buffer->capacity() > kMaxKeptBytes) buffer->shrink_to_fit();
}

}  // namespace

HttpConnection::HttpConnection(int fd, SSL_CTX* context, std::string peer, HttpShared& shared)
    : shared_(shared), socket_(fd), transport_(MakeTransport(fd, context)), peer_(std::move(peer)) {
  SetDeadline(shared_.options.idle_timeout, true);
}

void HttpConnection::SetDeadline(milliseconds from_now, bool is_reading) {
  is_reading_ = is_reading;
  deadline_ = (Clock::now() + from_now).time_since_epoch();
}

void HttpConnection::SetNoDeadline() { deadline_ = Clock::duration::max(); }

void HttpConnection::CheckDeadline(Clock::time_point now) {
  if (now.time_since_epoch() < deadline_.load()) return;
  is_late_ = true;
  shutdown(fd(), is_reading_ ? SHUT_RD : SHUT_RDWR);
}

void HttpConnection::CloseIfIdle() {
  if (is_idle_) shutdown(fd(), SHUT_RD);
}

void HttpConnection::CutOff() {
  is_late_ = true;
  shutdown(fd(), SHUT_RDWR);
}

HttpConnection::Wants HttpConnection::Run(BusyThreads::Place* place) {
  place_ = place;
  int turns = 0;
  while (true) {
    Step step;
    switch (phase_) {
      case Phase::kHead:
        step = ReadHead();
        break;
      case Phase::kBody:
        step = ReadBody();
        break;
      case Phase::kAnswer:
        step = WriteAnswer();
        if (!step && phase_ == Phase::kHead && ++turns == kTurns && !in_.empty()) {
          return Wants::kAnotherTurn;
        }
        break;
      case Phase::kLinger:
        step = Linger();
        break;
    }
    if (step) return *step;
  }
}

// The input has ended, by the client or because it took too long.
HttpConnection::Step HttpConnection::LateOrEnd() {
  const bool has_begun = phase_ == Phase::kBody || !in_.empty();
  if (!is_late_.exchange(false) || !has_begun) return Wants::kEnd;
  Refuse({408, "the request took too long"});
  return std::nullopt;
}

HttpConnection::Step HttpConnection::NothingRead(Kind why) {
  if (why == Kind::kWantsRead) return Wants::kRead;
  if (why == Kind::kWantsWrite) return Wants::kWrite;
  return LateOrEnd();
}

HttpConnection::Step HttpConnection::Receive() {
  static thread_local std::unique_ptr<char[]> buffer(new char[kReadBytes]);
  if (is_late_) return LateOrEnd();
  const Transport::Outcome outcome = transport_->Read(buffer.get(), kReadBytes);
  if (outcome.kind != Kind::kDone) return NothingRead(outcome.kind);
  if (phase_ == Phase::kHead && in_.empty()) {
    is_idle_ = false;
    SetDeadline(shared_.options.idle_timeout, true);
  }
  in_.append(buffer.get(), outcome.bytes);
  return std::nullopt;
}

HttpConnection::Step HttpConnection::ReadHead() {
  const size_t size = FindHeadEnd(in_);
  const size_t limit = shared_.options.max_head_bytes;
  if (size == in_.npos) {
    Refuse({400, "not an HTTP request"});
  } else if (size > limit || (size == 0 && in_.size() > limit)) {
    Refuse({431, "the request's headers are too large"});
  } else if (size == 0) {
    return Receive();
  } else {
    head_ = HttpHead();
    const std::optional<HttpRefusal> refusal =
        ParseHead(std::string_view(in_).substr(0, size), &head_);
    in_.erase(0, size);
    if (refusal) {
      Refuse(*refusal);
    } else {
      BeginBody();
    }
  }
  return std::nullopt;
}

void HttpConnection::BeginBody() {
  keep_alive_ = head_.keep_alive;
  body_.clear();
  body_used_ = 0;
  chunks_ = ChunkedReader();
  if (head_.content_length.value_or(0) > shared_.options.max_body_bytes) {
    return Refuse({413, "the request's body is too large"});
  }
  if (!head_.is_chunked && head_.content_length.value_or(0) == 0) return Handle();
  phase_ = Phase::kBody;
  // A client that waits for leave gets it, unless it did not wait.
  if (head_.expects_continue && in_.empty()) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const Transport::Outcome outcome = transport_->Write(kContinue, {});
    // A client that does not read these few bytes is not waiting for them.
    if (outcome.kind != Kind::kDone || outcome.bytes != kContinue.size()) is_late_ = true;
  }
}

// Straight into the body's memory.
HttpConnection::Step HttpConnection::ReceiveBody(size_t wanted) {
  if (is_late_) return LateOrEnd();
  if (body_used_ == body_.size()) {
    body_.resize(std::min(wanted, body_used_ + std::max(kFirstBodyBytes, body_used_)));
  }
  const Transport::Outcome outcome =
      transport_->Read(body_.data() + body_used_, body_.size() - body_used_);
  if (outcome.kind != Kind::kDone) return NothingRead(outcome.kind);
  body_used_ += outcome.bytes;
  return std::nullopt;
}

HttpConnection::Step HttpConnection::ReadBody() {
  if (head_.is_chunked) {
    if (in_.empty()) {
      if (const Step step = Receive(); step || phase_ != Phase::kBody) return step;
    }
    std::string_view input = in_;
    const auto state = chunks_.Read(&input, shared_.options.max_body_bytes, &body_);
    in_.erase(0, in_.size() - input.size());
    switch (state) {
      case ChunkedReader::State::kMore:
        break;
      case ChunkedReader::State::kDone:
        Handle();
        break;
      case ChunkedReader::State::kMalformed:
        Refuse({400, "a malformed chunk"});
        break;
      case ChunkedReader::State::kTooLarge:
        Refuse({413, "the request's body is too large"});
        break;
    }
    return std::nullopt;
  }
  const size_t wanted = *head_.content_length;
  if (!in_.empty()) {  // came along with the head
    const size_t size = std::min(wanted, in_.size());
    body_.assign(in_, 0, size);
    body_used_ = size;
    in_.erase(0, size);
  }
  if (body_used_ < wanted) return ReceiveBody(wanted);
  body_.resize(wanted);
  Handle();
  return std::nullopt;
}

// Replaces the body by what it is the packing of.
std::optional<HttpRefusal> HttpConnection::UnpackBody() {
  const std::string* const coding = FindHeader(head_.headers, "Content-Encoding");
  if (coding == nullptr || HasToken(*coding, "identity") || body_.empty()) return std::nullopt;
  const bool is_known =
      HasToken(*coding, "gzip") || HasToken(*coding, "x-gzip") || HasToken(*coding, "deflate");
  if (!is_known || coding->find(',') != coding->npos) {
    return HttpRefusal{415, "bodies may be packed with gzip or deflate, once"};
  }
  Result<std::string> unpacked = Unpack(body_, shared_.options.max_body_bytes);
  if (unpacked.ok()) {
    body_ = std::move(unpacked).value();
    return std::nullopt;
  }
  if (unpacked.error().code() == StatusCode::kResourceExhausted) {
    return HttpRefusal{413, "the request's body is too large when it is unpacked"};
  }
  return HttpRefusal{400, "the request's body cannot be unpacked"};
}

void HttpConnection::Handle() {
  SetNoDeadline();
  is_idle_ = false;
  if (is_late_.exchange(false)) keep_alive_ = false;  // at the last moment: nothing more can come
  shared_.last_request = Clock::now().time_since_epoch();
  if (const auto refusal = UnpackBody()) return Refuse(*refusal);
  const std::string_view target = head_.target;
  const size_t mark = std::min(target.find('?'), target.size());
  std::optional<std::string> path = PercentDecode(target.substr(0, mark));
  if (!path) return Refuse({400, "a malformed path"});
  ClientWatch client(fd());
  HttpQuestion question{.method = head_.method == "HEAD" ? "GET" : head_.method,
                        .path = *std::move(path),
                        .query = std::string(target.substr(std::min(mark + 1, target.size()))),
                        .body = std::move(body_),
                        .target = head_.target,
                        .headers = std::move(head_.headers),
                        .peer = peer_,
                        .is_cancelled = [&client] { return client.IsGone(); },
                        .takes_long = [this] { place_->GiveUp(); }};
  HttpAnswer answer = shared_.handler(question);
  head_.headers = std::move(question.headers);
  body_ = std::string();
  Compose(std::move(answer));
}

void HttpConnection::Refuse(const HttpRefusal& refusal) {
  head_.keep_alive = keep_alive_ = false;
  head_.headers.clear();
  body_ = std::string();
  SetNoDeadline();
  Compose(shared_.options.refusal
              ? shared_.options.refusal(refusal.status, refusal.text)
              : HttpAnswer{.status = refusal.status, .body = std::string(refusal.text) + "\n"});
}

void HttpConnection::Compose(HttpAnswer answer) {
  if (shared_.is_draining) keep_alive_ = false;
  out_head_ = WriteAnswerHead(head_, keep_alive_, shared_.options.pack_from_bytes, &answer);
  out_body_ = std::move(answer.body);
  out_sent_ = 0;
  phase_ = Phase::kAnswer;
}

HttpConnection::Step HttpConnection::WriteAnswer() {
  if (is_late_ && out_sent_ > 0) return Wants::kEnd;
  while (out_sent_ < out_head_.size() + out_body_.size()) {
    const size_t of_head = std::min(out_sent_, out_head_.size());
    const Transport::Outcome outcome =
        transport_->Write(std::string_view(out_head_).substr(of_head),
                          std::string_view(out_body_).substr(out_sent_ - of_head));
    switch (outcome.kind) {
      case Kind::kDone:
        out_sent_ += outcome.bytes;
        continue;
      case Kind::kWantsRead:
      case Kind::kWantsWrite:
        // One deadline for the whole answer.
        if (deadline_.load() == Clock::duration::max()) {
          SetDeadline(shared_.options.idle_timeout, false);
        }
        if (is_late_) return Wants::kEnd;
        return outcome.kind == Kind::kWantsRead ? Wants::kRead : Wants::kWrite;
      case Kind::kClosed:
        return Wants::kEnd;
    }
  }
  Release(&out_head_);
  Release(&out_body_);
  if (!keep_alive_) {
    transport_->FinishWriting();
    SetDeadline(kLingerTime, false);
    Release(&in_);
    phase_ = Phase::kLinger;
    return std::nullopt;
  }
  head_ = HttpHead();
  SetDeadline(shared_.options.idle_timeout, true);
  is_idle_ = in_.empty();
  if (in_.empty()) Release(&in_);
  phase_ = Phase::kHead;
  // To the end of the queue: a client that asks again at once must not keep others waiting.
  if (in_.empty() && !transport_->has_read_ahead()) return Wants::kRead;
  return std::nullopt;
}

// Reads what the client still sends until it has seen the end as well.
HttpConnection::Step HttpConnection::Linger() {
  if (is_late_) return Wants::kEnd;
  const Step step = Receive();
  in_.clear();
  return step;
}

}  // namespace trainyard::net
