#include "kube/internal/reflector_state.h"

#include <algorithm>

namespace trainyard::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kFirstDelay{800};
constexpr std::chrono::minutes kQuiet{2};
// A server that will not resume a watch for so many tries (a minute or two) may do with a new list.
constexpr int kMaxFailedWatches = 6;
constexpr int kMaxExpiredLists = 2;
constexpr seconds kWatchSlack{30};

constexpr char kMetadataListOnly[] =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

// Is it the connection or the server's load, and not the request?
bool IsPassing(StatusCode code) {
  return code == StatusCode::kUnavailable || code == StatusCode::kResourceExhausted ||
         code == StatusCode::kDeadlineExceeded || code == StatusCode::kUnauthenticated ||
         code == StatusCode::kCancelled;
}

}  // namespace

ApiRequest ToRequest(const ReflectorOptions& options, const FetchStep& step, seconds watch_time) {
  ApiRequest request{.path = Path(options.resource, options.name_space)};
  Query& query = request.query;
  if (!options.label_selector.empty()) query.emplace_back("labelSelector", options.label_selector);
  if (!options.field_selector.empty()) query.emplace_back("fieldSelector", options.field_selector);
  if (step.fetch == Fetch::kList) {
    request.attempt = "list " + ToString(options.resource);
    if (options.metadata_only) request.accept = kMetadataListOnly;
    request.timeout = std::chrono::minutes(5);
    if (step.is_paged) query.emplace_back("limit", "500");
    if (!step.next.empty()) query.emplace_back("continue", step.next);
    return request;
  }
  request.attempt = "watch " + ToString(options.resource);
  if (options.metadata_only) request.accept = kMetadataOnly;
  request.timeout = watch_time + kWatchSlack;
  query.emplace_back("watch", "true");
  query.emplace_back("allowWatchBookmarks", "true");
  query.emplace_back("timeoutSeconds", std::to_string(watch_time.count()));
  if (step.fetch == Fetch::kStreamingList) {
    query.emplace_back("sendInitialEvents", "true");
    query.emplace_back("resourceVersionMatch", "NotOlderThan");
  } else {
    query.emplace_back("resourceVersion", std::to_string(step.version));
  }
  return request;
}

milliseconds Backoff::Next(TimePoint now, double jitter) {
  if (now - last_ > kQuiet) failures_ = 0;
  last_ = now;
  const milliseconds delay = std::min(kFirstDelay * (1 << std::min(failures_++, 10)), longest_);
  return delay + milliseconds(static_cast<int64_t>(jitter * static_cast<double>(delay.count())));
}

FetchStep ReflectorState::step() const {
  if (is_listed_) return {.fetch = Fetch::kWatch, .version = version_};
  if (is_streaming_offered_ && !list_instead_) return {.fetch = Fetch::kStreamingList};
  return {.fetch = Fetch::kList, .is_paged = expired_lists_ < kMaxExpiredLists, .next = next_};
}

void ReflectorState::ListRead(uint64_t version) {
  is_listed_ = true;
  list_instead_ = false;
  version_ = version;
  next_.clear();
  expired_lists_ = 0;
  failed_watches_ = 0;
}

void ReflectorState::Told(uint64_t version) {
  if (is_listed_) version_ = std::max(version_, version);
}

ReflectorState::Next ReflectorState::Ended(const End& end, Backoff::TimePoint now, double jitter) {
  const Fetch fetch = step().fetch;
  const bool at_once = fetch == Fetch::kWatch           ? NextAfterWatch(end)
                       : fetch == Fetch::kStreamingList ? NextAfterStreamingList(end.status)
                                                        : NextAfterList(end.status);
  if (at_once) return {};
  return {.delay = backoff_.Next(now, jitter), .is_trouble = !end.status.ok()};
}

// The functions below set the next step, and return whether it may be taken at once.

bool ReflectorState::NextAfterWatch(const End& end) {
  const Status& status = end.status;
  if (status.ok()) {
    // One that ends soon and empty, again and again, would be a hot loop.
    const bool is_suspicious = !end.had_events && end.lived < seconds(1);
    if (!is_suspicious) failed_watches_ = 0;
    return !is_suspicious;
  }
  if (end.had_events) failed_watches_ = 0;
  if (!IsPassing(status.code()) || ++failed_watches_ > kMaxFailedWatches) is_listed_ = false;
  // One that was cut off in full flow says nothing about the next one's chances; to wait would be
  // to fall behind, with which it may have begun.
  return is_listed_ && end.had_events && end.lived >= seconds(1);
}

bool ReflectorState::NextAfterStreamingList(const Status& status) {
  if (status.code() == StatusCode::kInvalidArgument) {
    is_streaming_offered_ = false;
    return true;
  }
  list_instead_ = true;
  return false;
}

bool ReflectorState::NextAfterList(const Status& status) {
  list_instead_ = false;
  const bool is_expired = status.code() == StatusCode::kOutOfRange && !next_.empty();
  next_.clear();
  if (!is_expired) return false;
  // Again, and if that takes too long as well, all at once.
  list_instead_ = true;
  ++expired_lists_;
  return true;
}

}  // namespace trainyard::kube
