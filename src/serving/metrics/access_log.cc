#include "serving/metrics/access_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "serving/servable.h"

namespace trainyard::serving {
namespace {

constexpr size_t kMaxName = 256;

// As a JSON string. What is not plain ASCII is written as \u00XX byte by byte, so that a line is
// valid whatever bytes a client sent.
void AppendJson(std::string_view value, std::string* out) {
  *out += '"';
  for (const char c : value.substr(0, kMaxName)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      fmt::format_to(std::back_inserter(*out), "\\u{:04x}", byte);
    } else {
      *out += c;
    }
  }
  *out += '"';
}

void AppendText(std::string_view key, std::string_view value, std::string* out) {
  out->append(",\"").append(key).append("\":");
  AppendJson(value, out);
}

void AppendNumber(std::string_view key, int64_t value, std::string* out) {
  fmt::format_to(std::back_inserter(*out), ",\"{}\":{}", key, value);
}

std::string DroppedLine(int64_t dropped) { return fmt::format("{{\"dropped\":{}}}\n", dropped); }

}  // namespace

std::string FormatAccessLine(const RequestRecord& record,
                             std::chrono::system_clock::time_point now) {
  using std::chrono::duration_cast, std::chrono::microseconds;
  const auto micros = duration_cast<microseconds>(now.time_since_epoch()).count();
  std::string line =
      fmt::format("{{\"time\":\"{:%Y-%m-%dT%H:%M:%S}.{:06}Z\"",
                  fmt::gmtime(static_cast<time_t>(micros / 1'000'000)), micros % 1'000'000);
  AppendText("peer", record.peer, &line);
  AppendText("api", ApiName(record.api, Entrypoint::kGrpc), &line);
  AppendText("entrypoint", EntrypointName(record.entrypoint), &line);
  AppendText("model", record.model, &line);
  if (record.servable != nullptr) AppendNumber("version", record.servable->id().version, &line);
  AppendText("signature", record.signature, &line);
  AppendText("code", StatusCodeName(record.code), &line);
  AppendNumber("microseconds", duration_cast<microseconds>(record.took).count(), &line);
  AppendNumber("request_bytes", record.request_bytes, &line);
  AppendNumber("response_bytes", record.response_bytes, &line);
  line += "}\n";
  return line;
}

Result<std::unique_ptr<AccessLog>> AccessLog::Open(const Options& options) {
  if (!(options.share > 0 && options.share <= 1)) {
    return InvalidArgumentError("the share of requests to log is {}; it must be above 0, at most 1",
                                options.share);
  }
  std::FILE* file = stderr;
  if (options.path != "stderr") {
    file = std::fopen(options.path.c_str(), "ae");
    if (file == nullptr) return ErrnoError(errno, "cannot open the access log {}", options.path);
  }
  return std::unique_ptr<AccessLog>(new AccessLog(options, file));
}

AccessLog::AccessLog(const Options& options, std::FILE* file)
    : options_(options), file_(file), writer_([this](const std::stop_token& stop) { Run(stop); }) {}

AccessLog::~AccessLog() {
  writer_.request_stop();
  writer_.join();
  if (file_ != stderr) std::fclose(file_);
}

// Every n-th rather than by chance: the share then holds for few requests, too.
bool AccessLog::IsChosen(const RequestRecord& record) {
  if (options_.share == 1 || record.code != StatusCode::kOk) return true;
  const auto number = static_cast<double>(seen_.fetch_add(1, std::memory_order_relaxed));
  return std::floor((number + 1) * options_.share) > std::floor(number * options_.share);
}

void AccessLog::Write(const RequestRecord& record) {
  if (!IsChosen(record)) return;
  const std::string line = FormatAccessLine(record, std::chrono::system_clock::now());
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + line.size() > options_.max_waiting) {
      ++dropped_;
      return;
    }
    was_empty = waiting_.empty();
    waiting_ += line;
  }
  if (was_empty) arrived_.notify_one();
}

void AccessLog::Run(const std::stop_token& stop) {
  std::string lines;
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, stop, [&] { return !waiting_.empty(); });
    if (waiting_.empty()) return;  // stopped, and all is written
    lines.swap(waiting_);
    if (dropped_ > 0) lines += DroppedLine(dropped_);
    dropped_ = 0;
    lock.unlock();
    std::fwrite(lines.data(), 1, lines.size(), file_);
    std::fflush(file_);
    lines.clear();
    lock.lock();
  }
}

}  // namespace trainyard::serving
