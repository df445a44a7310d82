#include "net/internal/transfer.h"

#include <algorithm>
#include <charconv>

#include "net/internal/syntax.h"
#include "net/internal/url.h"

namespace trainyard::net {
namespace {

// More than any server means to send; without a bound it could fill our memory.
constexpr size_t kMaxHeadBytes = 256u << 10;

// An empty one counts with methods that are about it: it is sent as "Content-Length: 0".
bool HasBody(const HttpRequest& request) {
  return !request.body.empty() || request.method == "POST" || request.method == "PUT";
}

// libcurl takes 0 for "no limit" or "the default", and a long.
long Milliseconds(std::chrono::milliseconds time) {
  return static_cast<long>(std::max<std::chrono::milliseconds::rep>(time.count(), 1));
}

}  // namespace

Transfer::Transfer(const HttpRequest& request, std::shared_ptr<ResponseSink> sink)
    : request_(request), sink_(std::move(sink)) {}

Status Transfer::Prepare(const HttpClientOptions& options, const TlsGeneration& generation) {
  if (!IsToken(request_.method)) {
    return InvalidArgumentError("cannot send a request to {}: its method is no HTTP method",
                                WithoutQuery(request_.url));
  }
  if (!request_.url.starts_with("https://") && !request_.url.starts_with("http://")) {
    // libcurl would guess.
    return Failure(StatusCode::kInvalidArgument,
                   "the URL begins with neither https:// nor http://");
  }
  easy_ = MakeEasy(options);
  curl_easy_setopt(easy(), CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy(), CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(easy(), CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  curl_easy_setopt(easy(), CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy(), CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  curl_easy_setopt(easy(), CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy(), CURLOPT_CONNECTTIMEOUT_MS, Milliseconds(request_.connect_timeout));
  if (request_.timeout.count() != 0) {
    curl_easy_setopt(easy(), CURLOPT_TIMEOUT_MS, Milliseconds(request_.timeout));
  }
  RETURN_IF_ERROR(SetTarget(generation));
  RETURN_IF_ERROR(SetHeaders());
  SetMethodAndBody();
  return OkStatus();
}

Status Transfer::SetTarget(const TlsGeneration& generation) {
  const TlsOptions& tls = generation.tls;
  ApplyTls(easy(), tls);
  if (generation.number > 0) {
    // Has libcurl close what is idle and older than the certificates, to the second. (What it
    // misses is closed after two idle minutes, as any connection.)
    const auto age = std::chrono::floor<std::chrono::seconds>(begin_ - generation.since);
    curl_easy_setopt(easy(), CURLOPT_MAXLIFETIME_CONN,
                     std::max(1L, static_cast<long>(age.count())));
  }
  if (tls.server_name.empty() || !request_.url.starts_with("https:")) {
    curl_easy_setopt(easy(), CURLOPT_URL, request_.url.c_str());
    return OkStatus();
  }
  // libcurl verifies the URL's host, so that one becomes the name and the connection goes
  // elsewhere.
  auto url = ParseUrl(request_.url);
  if (!url.ok()) return Failure(StatusCode::kInvalidArgument, url.error().message());
  authority_ = url->Authority();
  const bool is_ipv6 = url->host.find(':') != std::string::npos;
  Append(connect_to_,
         fmt::format("::{}{}{}:{}", is_ipv6 ? "[" : "", url->host, is_ipv6 ? "]" : "", url->port));
  url->host = tls.server_name;
  const std::string renamed = url->scheme + "://" + url->Authority() + url->target;
  curl_easy_setopt(easy(), CURLOPT_URL, renamed.c_str());
  curl_easy_setopt(easy(), CURLOPT_CONNECT_TO, connect_to_.get());
  return OkStatus();
}

Status Transfer::SetHeaders() {
  for (const auto& [name, value] : request_.headers) {
    if (!IsToken(name) || !IsHeaderValue(value)) {
      return Failure(StatusCode::kInvalidArgument, "a header is not well-formed");
    }
    // An empty value has another syntax: "Name:" would take the header away.
    Append(headers_, value.empty() ? name + ";" : name + ": " + value);
  }
  if (!authority_.empty() && FindHeader(request_.headers, "Host") == nullptr) {
    Append(headers_, "Host: " + authority_);
  }
  if (HasBody(request_)) {
    Append(headers_, "Expect:");  // no round trip to ask whether the body may be sent
    if (FindHeader(request_.headers, "Content-Type") == nullptr) Append(headers_, "Content-Type:");
  }
  curl_easy_setopt(easy(), CURLOPT_HTTPHEADER, headers_.get());
  return OkStatus();
}

void Transfer::SetMethodAndBody() {
  const std::string& method = request_.method;
  const bool has_body = HasBody(request_);
  if (method == "HEAD") {
    curl_easy_setopt(easy(), CURLOPT_NOBODY, 1L);
  } else if (has_body) {
    curl_easy_setopt(easy(), CURLOPT_POST, 1L);
    curl_easy_setopt(easy(), CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy(), CURLOPT_POSTFIELDS, request_.body.data());  // not copied
  }
  const bool is_own = method == "GET" || method == "HEAD";
  curl_easy_setopt(easy(), CURLOPT_CUSTOMREQUEST, is_own && !has_body ? nullptr : method.c_str());
}

size_t Transfer::OnHeader(char* data, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  return transfer->TakeHeaderLine({data, size * count}) ? size * count : 0;
}

// One line at a time; also those of interim responses, and trailers.
bool Transfer::TakeHeaderLine(std::string_view line) {
  last_activity_ = Clock::now();
  if (head_is_done_) return true;  // trailers
  head_bytes_ += line.size();
  if (head_bytes_ > kMaxHeadBytes) {
    failure_ = Failure(StatusCode::kResourceExhausted, "the response's headers are too large");
    return false;
  }
  const std::string_view text = Trim(line);
  if (line.starts_with("HTTP/")) {
    head_ = HttpResponse();
    const std::string_view code = Trim(text.substr(std::min(text.find(' '), text.size())));
    std::from_chars(code.data(), code.data() + code.size(), head_.status);
    return true;
  }
  if (!text.empty()) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos || line[0] == ' ' || line[0] == '\t') return true;
    head_.headers.emplace_back(Trim(text.substr(0, colon)), Trim(text.substr(colon + 1)));
    return true;
  }
  if (head_.status < 200) return true;  // an interim response: the real one follows
  head_is_done_ = true;
  failure_ = sink_->OnResponse(std::move(head_));
  return failure_.ok();
}

size_t Transfer::OnBody(char* data, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  transfer->last_activity_ = Clock::now();
  transfer->failure_ = transfer->sink_->OnData({data, size * count});
  return transfer->failure_.ok() ? size * count : 0;
}

Status Transfer::StatusOf(CURLcode code) const {
  if (!failure_.ok()) return failure_;
  if (code == CURLE_OK) {
    if (head_is_done_) return OkStatus();
    return Failure(StatusCode::kUnavailable, "the connection ended before a response");
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    const auto timeout = request_.timeout;
    if (timeout.count() != 0 && Clock::now() - begin_ >= timeout) {
      return Failure(StatusCode::kDeadlineExceeded,
                     fmt::format("not done within {} ms (timeout)", timeout.count()));
    }
    return Failure(StatusCode::kUnavailable,
                   fmt::format("no connection within {} ms", request_.connect_timeout.count()));
  }
  const char* const cause = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
  return Failure(CodeOf(code), cause);
}

Transfer::Clock::time_point Transfer::idle_deadline() const {
  const auto limit = request_.idle_timeout;
  return limit.count() == 0 ? Clock::time_point::max() : last_activity_ + limit;
}

Status Transfer::IdleTimeout() const {
  return Failure(StatusCode::kDeadlineExceeded,
                 fmt::format("the server sent nothing for {} ms (idle_timeout)",
                             request_.idle_timeout.count()));
}

Status Transfer::Cancelled() const { return Failure(StatusCode::kCancelled, "cancelled"); }

Status Transfer::Failure(StatusCode code, std::string_view cause) const {
  return Status(code,
                fmt::format("{} {}: {}", request_.method, WithoutQuery(request_.url), Trim(cause)));
}

void Transfer::ForbidReuse() { curl_easy_setopt(easy(), CURLOPT_FORBID_REUSE, 1L); }

}  // namespace trainyard::net
