#include <algorithm>
#include <deque>

#include "kube/api.h"
#include "kube/internal/lease.h"
#include "kube/internal/retry.h"
#include "kube/internal/warnings.h"
#include "kube/testing/fuzz_targets.h"

namespace trainyard::kube {
namespace {

// An API server whose answers are the lines of a text; NotFound when there are none left.
class LineByLine : public Api {
 public:
  explicit LineByLine(std::string_view text) : rest_(text) {}

  Result<std::string> Send(const ApiRequest&) override {
    if (rest_.empty()) return NotFoundError("no more");
    const size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string line(rest_.substr(0, end));
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return line;
  }
  std::vector<Result<std::string>> SendAll(std::span<const ApiRequest>, int) override { return {}; }
  std::unique_ptr<ApiStream> Open(const ApiRequest&, std::chrono::milliseconds,
                                  LineHandler) override {
    return nullptr;
  }

 private:
  std::string_view rest_;
};

Status CheckPages(std::string_view text) {
  LineByLine api(text);
  const Result<Json> list = api.List(kPods, "n");
  return Expect(!list.ok() || (*list)["items"].is_array(), "a list has items");
}

Status CheckFailure(std::string_view text) {
  for (const int http_status : {302, 400, 401, 404, 409, 410, 422, 429, 500, 504}) {
    const Status status = ToStatus("get x", http_status, text);
    RETURN_IF_ERROR(Expect(!status.ok(), "a failure stays one"));
    RETURN_IF_ERROR(Expect(status.message().starts_with("cannot get x: "), "it names the attempt"));
  }
  return OkStatus();
}

Status CheckRetryAfter(std::string_view text) {
  const net::Headers headers = {{"retry-after", std::string(text)}};
  const auto wanted = RetryAfter(headers);
  RETURN_IF_ERROR(
      Expect(!wanted || (wanted->count() >= 0 && wanted->count() <= 60), "no more than a minute"));
  for (int retries = 0; retries <= kMaxRetries; ++retries) {
    const auto delay =
        NextRetry("GET", net::HttpResponse{.status = 429, .headers = headers}, retries, 0.99);
    RETURN_IF_ERROR(Expect(delay.has_value() == (retries < kMaxRetries), "there is a limit"));
    RETURN_IF_ERROR(Expect(!delay || !wanted || *delay >= *wanted, "the server's word holds"));
  }
  return OkStatus();
}

Status CheckWarnings(std::string_view text) {
  for (const std::string& warning : ParseWarnings(text)) {
    RETURN_IF_ERROR(Expect(!warning.empty(), "a warning says something"));
    const bool is_plain = std::all_of(warning.begin(), warning.end(), [](char c) {
      return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    });
    RETURN_IF_ERROR(Expect(is_plain, "and may be shown by a terminal"));
  }
  return OkStatus();
}

Status CheckLease(std::string_view text) {
  const Result<Json> lease = ParseJson("x", text);
  if (!lease.ok()) return OkStatus();
  const LeaderElectionOptions options{.name_space = "n", .name = "l", .identity = "me"};
  const internal::LeaseRecord record = internal::ToLeaseRecord(*lease);
  const auto seen = std::chrono::steady_clock::time_point(std::chrono::hours(1));
  const auto action =
      internal::NextLeaseAction(record, seen, seen + std::chrono::seconds(1), options);
  const auto ours = internal::ToLeaseRecord(
      internal::BuildLease(record, action, TimePoint(std::chrono::hours(1)), options));
  return Expect(ours.holder == "me" && ours.duration == options.lease_duration,
                "a lease that is taken is ours");
}

}  // namespace

std::vector<FuzzTarget> AnswerTargets() {
  return {
      {"pages",
       CheckPages,
       {R"({"metadata":{"continue":"t"},"items":[{"a":1}]})"
        "\n"
        R"({"metadata":{},"items":[{"b":2}]})",
        "{}"}},
      {"failure",
       CheckFailure,
       {R"({"kind":"Status","status":"Failure","message":"no","reason":"AlreadyExists","code":409})",
        "<html>bad gateway</html>"}},
      {"retry_after", CheckRetryAfter, {"5", "120", "99999999999999999999", "Wed, 21 Oct 2026"}},
      {"warnings",
       CheckWarnings,
       {R"(299 - "v1 is \"old\"", 299 agent "more" "Wed, 21 Oct 2026", 110 - "stale")"}},
      {"lease",
       CheckLease,
       {R"({"metadata":{"resourceVersion":"5"},"spec":{"holderIdentity":"you",)"
        R"("leaseDurationSeconds":15,"leaseTransitions":3,"acquireTime":"a","renewTime":"b"}})",
        R"({"spec":{"holderIdentity":"you","leaseDurationSeconds":99999999999}})",
        R"({"spec":{"leaseTransitions":9223372036854775807}})"}},
  };
}

}  // namespace trainyard::kube
