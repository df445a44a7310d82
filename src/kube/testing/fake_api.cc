#include "kube/testing/fake_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace trainyard::kube::testing {
namespace {

std::string Parameter(const ApiRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.query) {
    if (key == name) return value;
  }
  return {};
}

uint64_t NumberOf(const std::string& text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool IsWatch(const ApiRequest& request) {
  const std::string watch = Parameter(request, "watch");
  return watch == "true" || watch == "1";
}

bool IsList(const ApiRequest& request) {
  const auto path = ParsePath(request.path);
  return request.method == "GET" && path && path->name.empty() && !IsWatch(request);
}

std::string AttemptOf(const ApiRequest& request) {
  return request.attempt.empty() ? request.method + " " + request.path : request.attempt;
}

Json InView(const ApiRequest& request, const Json& object) {
  if (request.accept.find("as=PartialObjectMetadata") == std::string::npos) return object;
  return {{"kind", "PartialObjectMetadata"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", object.value("metadata", Json::object())}};
}

std::string EventLine(const char* type, const Json& object) {
  return Json{{"type", type}, {"object", object}}.dump();
}

std::string BookmarkLine(uint64_t version, bool ends_initial_events) {
  Json metadata = {{"resourceVersion", std::to_string(version)}};
  if (ends_initial_events) metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  return EventLine("BOOKMARK", {{"metadata", metadata}});
}

bool Fits(const FakeFault& fault, const ApiRequest& request) {
  const bool is_method = fault.method.empty() || fault.method == request.method ||
                         (fault.method == "WATCH" && IsWatch(request)) ||
                         (fault.method == "LIST" && IsList(request));
  if (!is_method) return false;
  std::string whole = request.path + "?";
  for (const auto& [key, value] : request.query) whole.append(key).append("=").append(value) += '&';
  return whole.find(fault.path_part) != std::string::npos;
}

std::deque<std::string> LinesOf(const std::string& text) {
  std::deque<std::string> lines;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::string CollectionOf(const Resource& resource) {
  return resource.plural.empty() ? "" : ToString(resource);
}

}  // namespace

// A response under way: its lines, then its end.
struct FakeApi::Stream {
  ApiRequest request{};
  LineHandler handler{};
  bool is_watch = false;
  std::string collection{};
  FakeSelector selector{};
  size_t next_change = 0;  // into the history
  std::deque<std::string> lines{};
  int passed = 0;  // lines that a hold has let through
  bool is_open = false;
  std::optional<Status> end{};
  bool is_running = false;   // a handler
  bool is_over = false;      // nothing more comes
  bool is_silenced = false;  // of a process that was killed
};

class FakeApi::StreamHandle final : public ApiStream {
 public:
  StreamHandle(FakeApi* api, std::shared_ptr<Stream> stream)
      : api_(api), stream_(std::move(stream)) {}
  ~StreamHandle() override {
    std::unique_lock lock(api_->mutex_);
    CHECK(!stream_->is_running || std::this_thread::get_id() != api_->thread_.get_id());
    stream_->is_over = true;
    std::erase(api_->streams_, stream_);
    api_->changed_.wait(lock, [&] { return !stream_->is_running; });
  }

 private:
  FakeApi* const api_;
  const std::shared_ptr<Stream> stream_;  // shared with the delivering thread
};

class FakeApi::Outsider final : public Api {
 public:
  explicit Outsider(FakeApi* api) : api_(api) {}
  Result<std::string> Send(const ApiRequest& request) override {
    Answer answer;
    {
      const std::lock_guard lock(api_->mutex_);
      answer = api_->AnswerTo(request);
    }
    api_->changed_.notify_all();
    return api_->Finish(request, answer);
  }
  std::vector<Result<std::string>> SendAll(std::span<const ApiRequest> requests, int) override {
    std::vector<Result<std::string>> results;
    for (const ApiRequest& request : requests) results.push_back(Send(request));
    return results;
  }
  std::unique_ptr<ApiStream> Open(const ApiRequest& request, std::chrono::milliseconds idle_timeout,
                                  LineHandler handler) override {
    return api_->Open(request, idle_timeout, std::move(handler));
  }

 private:
  FakeApi* const api_;
};

FakeApi::FakeApi() : outsider_(std::make_unique<Outsider>(this)), thread_([this] { Deliver(); }) {}

FakeApi::~FakeApi() {
  {
    const std::lock_guard lock(mutex_);
    CHECK(streams_.empty());
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<std::string> FakeApi::Send(const ApiRequest& request) {
  std::function<void(const ApiRequest&)> before;
  {
    const std::lock_guard lock(mutex_);
    before = before_request_;
  }
  if (before) before(request);
  Answer answer;
  {
    const std::lock_guard lock(mutex_);
    answer = AnswerWithFaults(request);
  }
  changed_.notify_all();
  return Finish(request, answer);
}

std::vector<Result<std::string>> FakeApi::SendAll(std::span<const ApiRequest> requests,
                                                  int /*max_in_flight*/) {
  std::vector<Result<std::string>> results;
  results.reserve(requests.size());
  for (const ApiRequest& request : requests) results.push_back(Send(request));
  return results;
}

std::unique_ptr<ApiStream> FakeApi::Open(const ApiRequest& request,
                                         std::chrono::milliseconds /*idle_timeout*/,
                                         LineHandler handler) {
  const auto stream = std::make_shared<Stream>();
  stream->request = request;
  stream->handler = std::move(handler);
  {
    const std::lock_guard lock(mutex_);
    if (IsWatch(request)) {
      StartWatch(request, stream.get());
    } else {
      const auto body = Finish(request, AnswerWithFaults(request));
      if (body.ok()) stream->lines = LinesOf(*body);
      stream->end = body.status();
    }
    streams_.push_back(stream);
  }
  changed_.notify_all();
  return std::make_unique<StreamHandle>(this, stream);
}

std::vector<ApiRequest> FakeApi::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int FakeApi::write_count() const {
  const std::lock_guard lock(mutex_);
  return write_count_;
}

void FakeApi::ForgetRequests() {
  const std::lock_guard lock(mutex_);
  requests_.clear();
  write_count_ = 0;
}

void FakeApi::SetBeforeRequest(std::function<void(const ApiRequest&)> function) {
  const std::lock_guard lock(mutex_);
  before_request_ = std::move(function);
}

void FakeApi::Fail(FakeFault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void FakeApi::StopFailing() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

void FakeApi::KillAfterWrites(int writes, bool is_answer_lost) {
  const std::lock_guard lock(mutex_);
  writes_to_live_ = writes;
  is_last_answer_lost_ = is_answer_lost;
  is_killed_ = writes == 0;
}

void FakeApi::Revive() {
  const std::lock_guard lock(mutex_);
  writes_to_live_ = -1;
  is_killed_ = false;
}

bool FakeApi::is_killed() const {
  const std::lock_guard lock(mutex_);
  return is_killed_;
}

void FakeApi::Hold(const Resource& resource, int let_through) {
  const std::lock_guard lock(mutex_);
  held_[CollectionOf(resource)] = let_through;
  for (Stream* stream : StreamsOf(resource)) stream->passed = 0;
  changed_.notify_all();
}

void FakeApi::Release(const Resource& resource) {
  const std::lock_guard lock(mutex_);
  held_.erase(CollectionOf(resource));
  changed_.notify_all();
}

void FakeApi::CutWatches(const Resource& resource, const Status& status) {
  const std::lock_guard lock(mutex_);
  for (Stream* stream : StreamsOf(resource)) {
    stream->lines.clear();  // what was under way is lost
    stream->next_change = objects_.history().size();
    stream->end = status;
  }
  changed_.notify_all();
}

void FakeApi::ExpireWatches(const Resource& resource) {
  const Json gone =
      MakeFailure(410, "Expired", "The resourceVersion for the provided watch is too old.").body;
  const std::lock_guard lock(mutex_);
  for (Stream* stream : StreamsOf(resource)) {
    stream->lines = {EventLine("ERROR", gone)};
    stream->next_change = objects_.history().size();
    stream->end = OkStatus();
  }
  changed_.notify_all();
}

void FakeApi::SendBookmarks(const Resource& resource) {
  const std::lock_guard lock(mutex_);
  for (Stream* stream : StreamsOf(resource)) {
    QueueChanges(stream);
    stream->lines.push_back(BookmarkLine(objects_.version(), false));
  }
  changed_.notify_all();
}

void FakeApi::SendLine(const Resource& resource, const std::string& line) {
  const std::lock_guard lock(mutex_);
  for (Stream* stream : StreamsOf(resource)) {
    QueueChanges(stream);
    stream->lines.push_back(line);
  }
  changed_.notify_all();
}

void FakeApi::Compact() {
  const std::lock_guard lock(mutex_);
  objects_.Advance();
  compacted_ = objects_.version();
  pages_.clear();
}

void FakeApi::OfferStreamingList(bool is_offered) {
  const std::lock_guard lock(mutex_);
  is_streaming_list_offered_ = is_offered;
}

void FakeApi::SetPageLimit(size_t objects) {
  const std::lock_guard lock(mutex_);
  page_limit_ = objects;
}

uint64_t FakeApi::version() const {
  const std::lock_guard lock(mutex_);
  return objects_.version();
}

std::vector<FakeObject> FakeApi::objects(const Resource& resource) const {
  const std::lock_guard lock(mutex_);
  return objects_.List(ToString(resource), {});
}

int FakeApi::CollectGarbage() {
  const std::lock_guard lock(mutex_);
  const int collected = objects_.CollectGarbage();
  changed_.notify_all();
  return collected;
}

void FakeApi::SetLog(const std::string& name_space, const std::string& pod, const std::string& text,
                     bool is_previous) {
  const std::lock_guard lock(mutex_);
  logs_[{name_space + "/" + pod, is_previous}] = text;
}

void FakeApi::EndNamespace(const std::string& name_space) {
  const std::lock_guard lock(mutex_);
  ending_namespaces_.insert(name_space);
}

int FakeApi::watch_count(const Resource& resource) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::count_if(streams_.begin(), streams_.end(), [&](const auto& stream) {
    return stream->is_watch && !stream->is_over && stream->collection == ToString(resource);
  }));
}

bool FakeApi::WaitUntilDelivered(std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] {
    return std::none_of(streams_.begin(), streams_.end(),
                        [&](const auto& stream) { return stream->is_running || HasWork(*stream); });
  });
}

// ---- Requests ----

Result<std::string> FakeApi::Finish(const ApiRequest& request, const Answer& answer) const {
  if (answer.code == 0) return UnavailableError("cannot {}: connection lost", AttemptOf(request));
  if (answer.code >= 300) return ToStatus(AttemptOf(request), answer.code, answer.body);
  return answer.body;
}

const FakeFault* FakeApi::TakeFault(const ApiRequest& request) {
  const auto found = std::find_if(faults_.begin(), faults_.end(), [&](const FakeFault& fault) {
    return fault.times != 0 && Fits(fault, request);
  });
  if (found == faults_.end()) return nullptr;
  if (found->times > 0) --found->times;
  taken_fault_ = *found;
  return &taken_fault_;
}

FakeApi::Answer FakeApi::AnswerWithFaults(const ApiRequest& request) {
  if (is_killed_) return {.code = 0};
  const bool is_write = request.method != "GET";
  requests_.push_back(request);
  if (is_write) ++write_count_;
  const FakeFault* fault = TakeFault(request);
  Answer answer;
  if (fault == nullptr || fault->is_performed) answer = AnswerTo(request);
  if (fault != nullptr) {
    answer = {.code = fault->code,
              .body = MakeFailure(fault->code, fault->reason, "injected fault").body.dump()};
  }
  if (is_write && writes_to_live_ > 0 && --writes_to_live_ == 0) {
    is_killed_ = true;
    for (const auto& stream : streams_) stream->is_silenced = true;
    if (is_last_answer_lost_) return {.code = 0};
  }
  return answer;
}

FakeApi::Answer FakeApi::AnswerTo(const ApiRequest& request) {
  const auto path = ParsePath(request.path);
  FakeAnswer answer;
  if (!path) {
    answer = MakeFailure(404, "NotFound", "the server could not find the requested resource");
  } else if (request.method == "GET" && path->name.empty()) {
    return AnswerList(*path, request);
  } else if (request.method == "GET" && path->subresource == "log") {
    return AnswerLog(*path, request);
  } else if (request.method == "POST" && ending_namespaces_.contains(path->name_space)) {
    return RefuseCreate(*path, request);
  } else {
    answer = objects_.Handle(*path, request);
    if (answer.is_success()) answer.body = InView(request, answer.body);
  }
  return {.code = answer.code, .body = answer.body.dump()};
}

FakeApi::Answer FakeApi::AnswerLog(const FakePath& path, const ApiRequest& request) const {
  const bool is_previous = Parameter(request, "previous") == "true";
  const auto found = logs_.find({path.name_space + "/" + path.name, is_previous});
  if (found != logs_.end()) return {.body = found->second};
  if (!is_previous) return {};
  return {.code = 400,
          .body = MakeFailure(400, "BadRequest",
                              fmt::format("previous terminated container \"{}\" in pod \"{}\" not "
                                          "found",
                                          Parameter(request, "container"), path.name))
                      .body.dump()};
}

// In the words of the NamespaceLifecycle admission plugin.
FakeApi::Answer FakeApi::RefuseCreate(const FakePath& path, const ApiRequest& request) const {
  const Json object = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  FakeAnswer answer = MakeFailure(
      403, "Forbidden",
      fmt::format("{} \"{}\" is forbidden: unable to create new content in namespace {} because it "
                  "is being terminated",
                  path.collection.substr(0, path.collection.find('.')), Name(object),
                  path.name_space));
  answer.body["details"] = {
      {"name", Name(object)},
      {"causes",
       {{{"reason", "NamespaceTerminating"},
         {"message", fmt::format("namespace {} is being terminated", path.name_space)},
         {"field", "metadata.namespace"}}}}};
  return {.code = answer.code, .body = answer.body.dump()};
}

FakeApi::Answer FakeApi::AnswerList(const FakePath& path, const ApiRequest& request) {
  Page page;
  if (const std::string token = Parameter(request, "continue"); !token.empty()) {
    const auto found = pages_.find(token);
    if (found == pages_.end()) {
      return {.code = 410,
              .body = MakeFailure(410, "Expired", "The provided continue parameter is too old")
                          .body.dump()};
    }
    page = found->second;
  } else {
    page.rest = objects_.List(path.collection, {.name_space = path.name_space,
                                                .labels = Parameter(request, "labelSelector"),
                                                .fields = Parameter(request, "fieldSelector")});
    page.version = objects_.version();
  }
  size_t limit = NumberOf(Parameter(request, "limit"));
  if (limit != 0 && page_limit_ != 0) limit = std::min(limit, page_limit_);
  Json list = {{"kind", "List"},
               {"apiVersion", "v1"},
               {"metadata", {{"resourceVersion", std::to_string(page.version)}}},
               {"items", Json::array()}};
  const size_t count = limit == 0 ? page.rest.size() : std::min(limit, page.rest.size());
  for (size_t i = 0; i < count; ++i) list["items"].push_back(InView(request, *page.rest[i]));
  if (count < page.rest.size()) {
    page.rest.erase(page.rest.begin(), page.rest.begin() + static_cast<std::ptrdiff_t>(count));
    const std::string token = fmt::format("page-{}", ++last_page_);
    list["metadata"]["continue"] = token;
    pages_[token] = std::move(page);
  }
  return {.body = list.dump()};
}

// ---- Watches ----

void FakeApi::StartWatch(const ApiRequest& request, Stream* stream) {
  const auto fail = [&](int code, const std::string& reason, const std::string& message) {
    stream->end =
        ToStatus(AttemptOf(request), code, MakeFailure(code, reason, message).body.dump());
  };
  if (is_killed_) {
    stream->end = UnavailableError("cannot {}: connection lost", AttemptOf(request));
    return;
  }
  requests_.push_back(request);
  if (const FakeFault* fault = TakeFault(request)) {
    stream->end =
        Finish(request,
               {.code = fault->code,
                .body = MakeFailure(fault->code, fault->reason, "injected fault").body.dump()})
            .status();
    return;
  }
  const auto path = ParsePath(request.path);
  if (!path) return fail(404, "NotFound", "no such resource");
  stream->is_watch = true;
  stream->is_open = false;
  stream->collection = path->collection;
  stream->selector = {.name_space = path->name_space,
                      .labels = Parameter(request, "labelSelector"),
                      .fields = Parameter(request, "fieldSelector")};
  const bool is_streaming_list = Parameter(request, "sendInitialEvents") == "true";
  if (is_streaming_list && !is_streaming_list_offered_) {
    return fail(422, "Invalid",
                "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the "
                "WatchList feature gate is enabled");
  }
  const uint64_t version = NumberOf(Parameter(request, "resourceVersion"));
  if (version > objects_.version()) {
    return fail(504, "Timeout", fmt::format("Too large resource version: {}", version));
  }
  if (version != 0 && !is_streaming_list) {
    if (version < compacted_) {
      const FakeAnswer gone = MakeFailure(410, "Expired", "too old resource version");
      stream->lines.push_back(EventLine("ERROR", gone.body));
      stream->end = OkStatus();
    }
    const auto& history = objects_.history();
    const auto first =
        std::upper_bound(history.begin(), history.end(), version,
                         [](uint64_t v, const FakeChange& change) { return v < change.version; });
    stream->next_change = static_cast<size_t>(first - history.begin());
    return;
  }
  for (const FakeObject& object : objects_.List(stream->collection, stream->selector)) {
    stream->lines.push_back(EventLine("ADDED", InView(request, *object)));
  }
  if (is_streaming_list) stream->lines.push_back(BookmarkLine(objects_.version(), true));
  stream->next_change = objects_.history().size();
}

void FakeApi::QueueChanges(Stream* stream) {
  if (!stream->is_watch || stream->end) return;
  const auto& history = objects_.history();
  for (; stream->next_change < history.size(); ++stream->next_change) {
    const FakeChange& change = history[stream->next_change];
    if (change.collection != stream->collection) continue;
    const bool was_in = change.before != nullptr && Matches(stream->selector, *change.before);
    const bool is_in = change.after != nullptr && Matches(stream->selector, *change.after);
    if (is_in) {
      stream->lines.push_back(
          EventLine(was_in ? "MODIFIED" : "ADDED", InView(stream->request, *change.after)));
    } else if (was_in) {
      // An object that left the selection is told with its last state there, and the new version.
      Json last = *change.before;
      last["metadata"]["resourceVersion"] = std::to_string(change.version);
      stream->lines.push_back(EventLine("DELETED", InView(stream->request, last)));
    }
  }
}

bool FakeApi::is_held(const Stream& stream) const {
  if (!stream.is_watch) return false;
  for (const std::string& collection : {std::string(), stream.collection}) {
    const auto found = held_.find(collection);
    if (found != held_.end() && stream.passed >= found->second) return true;
  }
  return false;
}

bool FakeApi::HasWork(const Stream& stream) const {
  if (stream.is_over || stream.is_silenced) return false;
  if (!stream.is_open || (stream.lines.empty() && stream.end)) return true;
  const bool has_lines = !stream.lines.empty() || (stream.is_watch && !stream.end &&
                                                   stream.next_change < objects_.history().size());
  return has_lines && !is_held(stream);
}

std::vector<FakeApi::Stream*> FakeApi::StreamsOf(const Resource& resource) {
  const std::string collection = CollectionOf(resource);
  std::vector<Stream*> found;
  for (const auto& stream : streams_) {
    const bool fits = collection.empty() || stream->collection == collection;
    if (stream->is_watch && fits && !stream->is_over) found.push_back(stream.get());
  }
  return found;
}

void FakeApi::Deliver() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    bool has_delivered = false;
    const auto streams = streams_;  // keeps them while a handler runs
    for (const auto& stream : streams) {
      if (!is_stopping_ && HasWork(*stream)) has_delivered |= DeliverOne(stream.get(), &lock);
    }
    if (has_delivered) continue;
    changed_.notify_all();
    changed_.wait(lock, [&] {
      return is_stopping_ || std::any_of(streams_.begin(), streams_.end(),
                                         [&](const auto& stream) { return HasWork(*stream); });
    });
  }
}

bool FakeApi::DeliverOne(Stream* stream, std::unique_lock<std::mutex>* lock) {
  QueueChanges(stream);
  std::optional<std::string> line;
  std::optional<Status> end;
  const bool opens =
      !stream->is_open && (!stream->end || stream->end->ok() || !stream->lines.empty());
  stream->is_open = true;
  if (!stream->lines.empty() && !is_held(*stream)) {
    line = std::move(stream->lines.front());
    stream->lines.pop_front();
    ++stream->passed;
  } else if (stream->lines.empty() && stream->end) {
    end = stream->end;
    stream->is_over = true;
  }
  stream->is_running = true;
  lock->unlock();
  if (opens && stream->handler.on_open) stream->handler.on_open();
  Status status;
  if (line && stream->handler.on_line) status = stream->handler.on_line(*line);
  if (!status.ok()) end = status;
  if (end && stream->handler.on_end) stream->handler.on_end(*end);
  lock->lock();
  stream->is_running = false;
  if (end) stream->is_over = true;
  changed_.notify_all();
  return opens || line || end;
}

}  // namespace trainyard::kube::testing
