#include "kube/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "base/log.h"
#include "kube/internal/line_stream.h"
#include "kube/internal/rate_limiter.h"
#include "kube/internal/request_builder.h"
#include "kube/internal/retry.h"
#include "kube/internal/warnings.h"
#include "kube/make_client.h"

namespace trainyard::kube {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// One request on its way to its answer, through several attempts.
struct Pending {
  const ApiRequest* asked = nullptr;
  net::HttpRequest http{};
  Clock::time_point deadline{};
  uint64_t version = 0;  // of the credentials that it shows
  bool has_renewed = false;
  int retries = 0;
};

// Says each warning of the API server once.
class WarningLog {
 public:
  void Take(const net::Headers& headers) {
    // The names come in any letter case; almost no response has one.
    for (const auto& [name, value] : headers) {
      if (name.size() != 7 || (name[0] | 0x20) != 'w') continue;
      if (net::FindHeader({{name, ""}}, "Warning") == nullptr) continue;
      for (std::string& text : ParseWarnings(value)) SayOnce(std::move(text));
    }
  }

 private:
  void SayOnce(std::string text) {
    const std::lock_guard lock(mutex_);
    if (said_.size() >= 1000 || !said_.insert(text).second) return;
    LogWarning("the API server warns: {}", text);
  }

  std::mutex mutex_;
  std::set<std::string> said_;  // guarded by mutex_; bounded
};

class RealClient : public Client {
 public:
  RealClient(const Config& config, const ClientOptions& options, ClientParts parts)
      : config_(config),
        options_(options),
        parts_(std::move(parts)),
        builder_(config_),
        limiter_(options.qps, options.burst) {
    if (!parts_.sleep) parts_.sleep = [](milliseconds time) { std::this_thread::sleep_for(time); };
    if (!parts_.random) parts_.random = [this] { return Random(); };
  }

  const Config& config() const override { return config_; }

  Result<std::string> Send(const ApiRequest& request) override {
    WaitForTurn(1);
    ASSIGN_OR_RETURN(Pending pending, Prepare(request));
    while (true) {
      const Clock::time_point begin = parts_.now();
      Result<net::HttpResponse> answer = parts_.http->Send(pending.http);
      Note(pending, answer, parts_.now() - begin);
      const std::optional<milliseconds> delay = NextAttempt(answer, &pending);
      if (!delay) return Conclude(request, std::move(answer));
      if (delay->count() > 0) parts_.sleep(*delay);
      pending.http.timeout = Left(pending);
    }
  }

  std::vector<Result<std::string>> SendAll(std::span<const ApiRequest> requests,
                                           int max_in_flight) override;

  std::unique_ptr<ApiStream> Open(const ApiRequest& request, milliseconds idle_timeout,
                                  LineHandler handler) override;

  Result<std::unique_ptr<net::WebSocket>> OpenWebSocket(
      const std::string& path, const Query& query,
      const std::vector<std::string>& subprotocols) override;

 private:
  double Random() {
    const std::lock_guard lock(random_mutex_);
    return std::uniform_real_distribution<double>(0, 1)(random_);
  }

  // The credentials to show now; the HTTP client's certificates are made to fit them.
  Result<ShownCredentials> Show() {
    ASSIGN_OR_RETURN(ShownCredentials shown, parts_.credentials->Current());
    if (shown.version == tls_version_.load(std::memory_order_acquire)) return shown;
    const std::lock_guard lock(tls_mutex_);
    if (shown.version <= tls_version_.load(std::memory_order_relaxed)) return shown;
    if (shown.tls != tls_) {
      const bool is_first = tls_ == nullptr;
      if (const Status set = parts_.http->SetTls(*shown.tls); !set.ok()) {
        if (is_first) return set.WithContext("cannot use the certificates");
        // A pair that is just being replaced; the next reading will have both.
        LogWarning("the new certificates cannot be used ({}): the old ones stay", set.message());
      }
      tls_ = shown.tls;
    }
    tls_version_.store(shown.version, std::memory_order_release);
    return shown;
  }

  // A plugin that is missing is told apart from a namespace that is being deleted (api.h).
  static Status WithoutCredentials(const Status& why, const ApiRequest& request) {
    const StatusCode code =
        why.code() == StatusCode::kFailedPrecondition ? StatusCode::kUnauthenticated : why.code();
    return Status(code, why.message()).WithContext("cannot " + AttemptOf(request));
  }

  Result<Pending> Prepare(const ApiRequest& request) {
    Result<ShownCredentials> shown = Show();
    if (!shown.ok()) return WithoutCredentials(shown.error(), request);
    return Pending{.asked = &request,
                   .http = builder_.Build(request, *shown),
                   .deadline = parts_.now() + request.timeout,
                   .version = shown->version};
  }

  milliseconds Left(const Pending& pending) const {
    return std::chrono::duration_cast<milliseconds>(pending.deadline - parts_.now());
  }

  // Before the time of a request begins to run. Streams do not wait: a handler may open them.
  void WaitForTurn(size_t count) {
    if (options_.qps <= 0) return;
    const milliseconds wait = limiter_.Reserve(static_cast<int>(count), parts_.now());
    if (wait.count() > 0) parts_.sleep(wait);
  }

  void Note(const Pending& pending, const Result<net::HttpResponse>& answer, Clock::duration time) {
    if (answer.ok()) warnings_.Take(answer->headers);
    if (!options_.on_request) return;
    options_.on_request(pending.http.method, builder_.host(), answer.ok() ? answer->status : 0,
                        std::chrono::duration<double>(time).count());
  }

  // After how long to send `pending` once more, with what has to change changed; nullopt: `answer`
  // is the last word.
  std::optional<milliseconds> NextAttempt(const Result<net::HttpResponse>& answer,
                                          Pending* pending) {
    std::optional<milliseconds> delay;
    if (WasRefused(answer)) {
      if (!pending->has_renewed && Renew(pending)) delay = milliseconds(0);
    } else {
      delay = NextRetry(pending->http.method, answer, pending->retries, parts_.random());
      if (delay) ++pending->retries;
    }
    // No attempt that could not end in time.
    if (!delay || *delay >= Left(*pending)) return std::nullopt;
    return delay;
  }

  // 401, or a server certificate that the CA we have does not vouch for.
  static bool WasRefused(const Result<net::HttpResponse>& answer) {
    return answer.ok() ? answer->status == 401
                       : answer.error().code() == StatusCode::kUnauthenticated;
  }

  // True if there are other credentials now than those that were refused.
  bool Renew(Pending* pending) {
    pending->has_renewed = true;
    parts_.credentials->Reject(pending->version);
    const Result<ShownCredentials> shown = Show();
    if (!shown.ok()) {
      LogWarning("{}", shown.error().message());
      return false;
    }
    if (shown->version == pending->version) return false;
    pending->version = shown->version;
    SetCredentials(*shown, &pending->http);
    return true;
  }

  static Result<std::string> Conclude(const ApiRequest& request, Result<net::HttpResponse> answer) {
    if (!answer.ok()) return answer.error().WithContext("cannot " + AttemptOf(request));
    if (!answer->is_success()) return ToStatus(AttemptOf(request), answer->status, answer->body);
    return std::move(answer->body);
  }

  // Immutable after construction.
  const Config config_;
  const ClientOptions options_;
  ClientParts parts_;
  const RequestBuilder builder_;

  RateLimiter limiter_;
  WarningLog warnings_;

  std::atomic<uint64_t> tls_version_{0};  // of the credentials that http_ was told of last
  std::mutex tls_mutex_;
  std::shared_ptr<const net::TlsOptions> tls_;  // guarded by tls_mutex_

  std::mutex random_mutex_;
  std::minstd_rand random_{std::random_device{}()};  // guarded by random_mutex_
};

std::vector<Result<std::string>> RealClient::SendAll(std::span<const ApiRequest> requests,
                                                     int max_in_flight) {
  std::vector<std::optional<Result<std::string>>> results(requests.size());
  std::vector<std::pair<size_t, Pending>> left;
  for (size_t i = 0; i < requests.size(); ++i) {
    Result<Pending> pending = Prepare(requests[i]);
    if (pending.ok()) {
      left.emplace_back(i, *std::move(pending));
    } else {
      results[i] = pending.error();
    }
  }
  // In rounds: what failed and may be repeated is sent again once the others have their answers.
  std::vector<net::HttpRequest> batch;
  while (!left.empty()) {
    batch.clear();
    const size_t most =
        options_.qps > 0 ? static_cast<size_t>(std::max(options_.burst, 1)) : left.size();
    const size_t count = std::min(left.size(), most);
    WaitForTurn(count);
    for (size_t i = 0; i < count; ++i) batch.push_back(std::move(left[i].second.http));

    const Clock::time_point begin = parts_.now();
    std::vector<Result<net::HttpResponse>> answers = parts_.http->SendAll(batch, max_in_flight);
    // How long each took is not known apart; on average, with so many under way.
    const Clock::duration time = (parts_.now() - begin) *
                                 std::clamp<int64_t>(max_in_flight, 1, int64_t(count)) /
                                 int64_t(count);
    milliseconds pause(0);
    std::vector<std::pair<size_t, Pending>> again;
    for (size_t i = 0; i < count; ++i) {
      auto& [index, pending] = left[i];
      pending.http = std::move(batch[i]);
      Note(pending, answers[i], time);
      // The clock of a request starts with its own first attempt, not with the first of them all.
      if (pending.retries == 0) pending.deadline = parts_.now() + pending.asked->timeout;
      if (const auto delay = NextAttempt(answers[i], &pending)) {
        pause = std::max(pause, *delay);
        again.emplace_back(index, std::move(pending));
      } else {
        results[index] = Conclude(*pending.asked, std::move(answers[i]));
      }
    }
    left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(count));
    if (pause.count() > 0 && left.empty()) parts_.sleep(pause);
    left.insert(left.end(), std::make_move_iterator(again.begin()),
                std::make_move_iterator(again.end()));
  }
  std::vector<Result<std::string>> in_order;
  in_order.reserve(results.size());
  for (auto& result : results) in_order.push_back(*std::move(result));
  return in_order;
}

std::unique_ptr<ApiStream> RealClient::Open(const ApiRequest& request, milliseconds idle_timeout,
                                            LineHandler handler) {
  Result<Pending> pending = Prepare(request);
  if (!pending.ok()) return FailedStream(pending.error(), std::move(handler));
  pending->http.idle_timeout = idle_timeout;
  const Clock::time_point begin = parts_.now();
  LineStreamHooks hooks{
      .attempt = AttemptOf(request),
      .on_answer = [this, begin, method = request.method, version = pending->version](
                       int status, const net::Headers& headers) {
        warnings_.Take(headers);
        // Nothing is waited for here, in the HTTP client's thread: the next stream will show
        // something else, if there is anything else.
        if (status == 401) parts_.credentials->Reject(version);
        if (!options_.on_request) return;
        options_.on_request(method, builder_.host(), status,
                            std::chrono::duration<double>(parts_.now() - begin).count());
      }};
  return OpenLines(parts_.http.get(), pending->http, std::move(hooks), std::move(handler));
}

Result<std::unique_ptr<net::WebSocket>> RealClient::OpenWebSocket(
    const std::string& path, const Query& query, const std::vector<std::string>& subprotocols) {
  ASSIGN_OR_RETURN(ShownCredentials shown, Show());
  for (bool is_first = true;; is_first = false) {
    net::WebSocketOptions options{.url = builder_.Url(path, query),
                                  .headers = builder_.CommonHeaders(shown),
                                  .subprotocols = subprotocols,
                                  .tls = *shown.tls,
                                  .proxy = config_.proxy_url};
    options.headers.emplace_back("User-Agent", options_.user_agent);
    Result<std::unique_ptr<net::WebSocket>> socket = parts_.connect(options);
    if (socket.ok() || !is_first || socket.error().code() != StatusCode::kUnauthenticated) {
      return socket;
    }
    parts_.credentials->Reject(shown.version);
    ASSIGN_OR_RETURN(const ShownCredentials renewed, Show());
    if (renewed.version == shown.version) return socket;
    shown = renewed;
  }
}

}  // namespace

std::unique_ptr<Client> MakeClient(const Config& config, const ClientOptions& options,
                                   ClientParts parts) {
  return std::make_unique<RealClient>(config, options, std::move(parts));
}

Result<std::unique_ptr<Client>> Client::Create(const Config& config, const ClientOptions& options) {
  ClientParts parts{.credentials = Credentials::Make(config)};
  ASSIGN_OR_RETURN(
      parts.http,
      net::HttpClient::Create({.tls = {.ca_pem = config.ca_pem,
                                       .cert_pem = config.client_cert_pem,
                                       .key_pem = config.client_key_pem,
                                       .server_name = config.tls_server_name,
                                       .insecure_skip_verify = config.insecure_skip_tls_verify},
                               .proxy = config.proxy_url,
                               .user_agent = options.user_agent,
                               .max_connections = options.max_connections}));
  return MakeClient(config, options, std::move(parts));
}

}  // namespace trainyard::kube
