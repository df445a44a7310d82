#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kube/internal/exec_channels.h"
#include "kube/internal/line_splitter.h"
#include "kube/internal/line_stream.h"
#include "kube/internal/log_progress.h"
#include "kube/internal/port_channels.h"
#include "kube/reflector.h"
#include "kube/testing/fake_http.h"
#include "kube/testing/fuzz_targets.h"

namespace trainyard::kube {
namespace {

using Lines = std::vector<std::string>;

// What comes of a stream: its lines and its end.
struct Outcome {
  Lines lines{};
  Status status{};
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

LineSplitter::OnLine Collect(Lines* lines) {
  return [lines](std::string_view line) {
    lines->emplace_back(line);
    return OkStatus();
  };
}

Outcome Split(const std::vector<std::string_view>& pieces, size_t max_line_bytes) {
  Outcome outcome;
  LineSplitter splitter(max_line_bytes);
  for (const std::string_view piece : pieces) {
    outcome.status = splitter.Feed(piece, Collect(&outcome.lines));
    if (!outcome.status.ok()) return outcome;
  }
  outcome.status = splitter.Finish(Collect(&outcome.lines));
  return outcome;
}

Status CheckLines(std::string_view text) {
  std::string joined;
  const Outcome whole = Split({text}, 1u << 20);
  RETURN_IF_ERROR(whole.status);
  for (const std::string& line : whole.lines) {
    RETURN_IF_ERROR(Expect(line.find('\n') == line.npos, "a line has no end within"));
    joined += line + "\n";
  }
  if (!text.ends_with('\n') && !joined.empty()) joined.pop_back();
  RETURN_IF_ERROR(Expect(joined == text, "nothing is lost"));
  for (unsigned turn = 0; turn < 4; ++turn) {
    const auto pieces = CutAnywhere(text, turn);
    RETURN_IF_ERROR(Expect(Split(pieces, 1u << 20) == whole, "the same lines however it is cut"));
    RETURN_IF_ERROR(Expect(Split(pieces, 8) == Split({text}, 8), "the same limit"));
  }
  return OkStatus();
}

// The first byte chooses how the server answers; the rest is its body.
Outcome Stream(int status, const std::vector<std::string_view>& pieces) {
  const auto record = std::make_shared<FakeHttp::Record>();
  FakeHttp http(record);
  Outcome outcome;
  bool has_ended = false;
  const auto stream =
      OpenLines(&http, {}, {.attempt = "watch"},
                {.on_line = Collect(&outcome.lines), .on_end = [&](const Status& end) {
                   outcome.status = end;
                   has_ended = true;
                 }});
  record->stream.on_response({.status = status});
  for (const std::string_view piece : pieces) {
    if (!record->stream.on_data(piece).ok()) break;
  }
  record->stream.on_end(OkStatus());
  if (!has_ended) outcome.status = InternalError("no end");
  return outcome;
}

Status CheckLineStream(std::string_view text) {
  if (text.empty()) return OkStatus();
  constexpr int kStatuses[] = {200, 201, 400, 401, 404, 409, 410, 429, 500, 504, 302};
  const int status = kStatuses[static_cast<unsigned char>(text[0]) % std::size(kStatuses)];
  text.remove_prefix(1);
  const Outcome whole = Stream(status, {text});
  const bool is_success = status / 100 == 2;
  RETURN_IF_ERROR(Expect(whole.status.ok() == is_success, "the status tells the end"));
  RETURN_IF_ERROR(Expect(is_success || whole.lines.empty(), "a failure's body is no line"));
  return Expect(Stream(status, CutAnywhere(text)) == whole, "the same however it is cut");
}

// An API server whose every answer is this text.
class OneAnswer : public Api {
 public:
  explicit OneAnswer(const std::vector<std::string_view>& pieces) : pieces_(pieces) {}

  Result<std::string> Send(const ApiRequest&) override { return UnimplementedError("fuzz"); }
  std::vector<Result<std::string>> SendAll(std::span<const ApiRequest>, int) override { return {}; }
  std::unique_ptr<ApiStream> Open(const ApiRequest&, std::chrono::milliseconds,
                                  LineHandler handler) override {
    LineSplitter lines(1u << 20);
    Status status;
    for (const std::string_view piece : pieces_) {
      if (status.ok()) status = lines.Feed(piece, handler.on_line);
    }
    if (status.ok()) status = lines.Finish(handler.on_line);
    handler.on_end(status);
    return std::make_unique<ApiStream>();
  }

 private:
  const std::vector<std::string_view>& pieces_;
};

// Timers that fire when they are told to.
class ManualTimers : public TimerQueue {
 public:
  Id After(std::chrono::milliseconds, std::function<void()> function) override {
    waiting_.emplace(++last_, std::move(function));
    return last_;
  }
  void Cancel(Id id) override { waiting_.erase(id); }
  void FireFirst() { waiting_.extract(waiting_.begin()).mapped()(); }

 private:
  Id last_ = 0;
  std::map<Id, std::function<void()>> waiting_;
};

// What a reflector tells of one answer: what it knows in the end of whole lists, and the rest.
struct News {
  Lines listed{};
  uint64_t version = 0;
  Lines events{};
  bool has_trouble = false;
  friend bool operator==(const News&, const News&) = default;
};

News Reflect(const std::vector<std::string_view>& pieces, bool streaming_list) {
  ManualTimers timers;
  News news;
  Lines coming;
  bool is_coming = false;
  OneAnswer api(pieces);
  const auto reflector = Reflector::Start(
      &api, &timers, {.resource = kPods, .streaming_list = streaming_list, .seed = 1},
      {.begin_replace =
           [&] {
             coming.clear();
             is_coming = true;
           },
       .upsert =
           [&](const Json& object) {
             (is_coming ? coming : news.events).push_back("+" + object.dump());
           },
       .remove = [&](const Json& object) { news.events.push_back("-" + object.dump()); },
       .end_replace =
           [&](uint64_t version) {
             news.listed = std::exchange(coming, {});
             news.version = version;
             is_coming = false;
           },
       .bookmark = [&](uint64_t version) { news.events.push_back(std::to_string(version)); },
       .trouble = [&](const Status&) { news.has_trouble = true; }});
  timers.FireFirst();
  return news;
}

// Whether some object has a key twice: what that means is left to each reader.
bool HasKeyTwice(std::string_view text) {
  std::vector<std::set<std::string>> keys(1);
  bool has_twice = false;
  const auto visit = [&](int depth, Json::parse_event_t event, Json& value) {
    keys.resize(static_cast<size_t>(depth) + 1);  // those of objects that have ended go
    if (event == Json::parse_event_t::key) has_twice |= !keys.back().insert(value.dump()).second;
    return true;
  };
  const Json tree = Json::parse(text, visit, /*allow_exceptions=*/false);
  return has_twice && !tree.is_discarded();
}

// The page of a list, however it is broken into lines.
Status CheckListPage(std::string_view text) {
  const Result<Json> tree = ParseJson("x", text);
  const News news = Reflect({text}, false);
  RETURN_IF_ERROR(Expect(Reflect(CutAnywhere(text), false) == news, "the same however it is cut"));
  if (!tree.ok() || news.has_trouble || HasKeyTwice(text)) return OkStatus();
  const std::string line = tree->dump();
  const News plain = Reflect({line}, false);
  RETURN_IF_ERROR(Expect(!plain.has_trouble, "a list is a list in one line, too"));
  RETURN_IF_ERROR(Expect(Reflect({tree->dump(2)}, false) == plain, "in several lines"));
  return Expect(Reflect({line + "\n\n"}, false) == plain, "with an empty line behind it");
}

Status CheckWatch(std::string_view text) {
  return Expect(Reflect(CutAnywhere(text), true) == Reflect({text}, true),
                "the same news however it is cut");
}

Status CheckLog(std::string_view text) {
  const Outcome log = Split({text}, 1u << 20);
  LogProgress progress;
  for (const std::string& line : log.lines) {
    const StampedLine parts = SplitStamp(line);
    RETURN_IF_ERROR(Expect(line.ends_with(parts.text), "the text ends the line"));
    RETURN_IF_ERROR(Expect(progress.IsNew(parts), "in the first stream all is new"));
  }
  const auto since = progress.since();
  if (!since) return OkStatus();
  progress.BeginStream();
  for (const std::string& line : log.lines) {
    const StampedLine parts = SplitStamp(line);
    RETURN_IF_ERROR(Expect(!parts.time || !progress.IsNew(parts), "nothing is told twice"));
  }
  return OkStatus();
}

Status CheckExecMessage(std::string_view text) {
  const auto message = ParseExecMessage(text);
  if (message) {
    RETURN_IF_ERROR(Expect(FormatExecMessage(message->channel, message->content) == text,
                           "what is written reads as the same"));
  }
  const auto code = ParseExitCode("run x", text);
  const auto tree = ParseJson("x", text);
  const bool is_failure = tree.ok() && GetString(*tree, {"status"}) == "Failure";
  RETURN_IF_ERROR(Expect(!is_failure || !code.ok() || *code != 0, "a failure is no success"));
  return Expect(code.ok() || code.error().message().find("run x") != std::string::npos,
                "a failure names the attempt");
}

// Messages, each after its length.
Status CheckPortMessages(std::string_view text) {
  constexpr int kPort = 0x6261;  // "ab"
  PortChannels channels(kPort);
  while (!text.empty()) {
    const size_t size = std::min<size_t>(static_cast<unsigned char>(text[0]) % 16, text.size() - 1);
    const std::string_view message = text.substr(1, size);
    text.remove_prefix(1 + size);
    const auto taken = channels.Take(message);
    if (!taken.ok()) {
      return Expect(taken.error().code() == StatusCode::kDataLoss, "other messages are refused");
    }
    RETURN_IF_ERROR(Expect(message.ends_with(taken->content), "content is a part of the message"));
    RETURN_IF_ERROR(Expect(taken->content.empty() || taken->is_error == (message[0] == 1),
                           "the channel says whether it is an error"));
  }
  return OkStatus();
}

constexpr char kPage[] =
    R"({"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"a"}},{"x":[1,"\n"]}]})";
constexpr char kWatch[] =
    R"({"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"3"}}})"
    "\n"
    R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"5",)"
    R"("annotations":{"k8s.io/initial-events-end":"true"}}}})"
    "\n"
    R"({"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"6"}}})"
    "\n"
    R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}})"
    "\n";
constexpr char kLog[] =
    "2026-11-25T21:00:03.123456789Z one\n2026-11-25T21:00:03.2Z two\nno stamp\n"
    "2026-11-25T21:00:04Z\n2026-11-25T21:00:04.1+01:00 three\n2026-11-25T21:00:04Z\n";
constexpr char kExit7[] =
    "\3"
    R"({"status":"Failure","reason":"NonZeroExitCode","message":"exit 7","code":500,)"
    R"("details":{"causes":[{"reason":"ExitCode","message":"7"}]}})";

}  // namespace

std::vector<FuzzTarget> StreamTargets() {
  return {
      {"lines", CheckLines, {"a\nbc\n\nlonger than eight\r\nend", "\n\n"}},
      {"line_stream",
       CheckLineStream,
       {std::string(1, '\0') + kWatch,
        "\5"
        "{\"message\":\"no\"}"}},
      {"list_page", CheckListPage, {kPage}},
      {"watch", CheckWatch, {kWatch}},
      {"log", CheckLog, {kLog}},
      {"exec_message", CheckExecMessage, {kExit7, kExit7 + 1, "\1out", "\xff\1", "\2err"}},
      {"port_messages",
       CheckPortMessages,
       {std::string("\3\0ab\3\1ab\5\0data\4\1err", 20), std::string("\3\0ab\1\0\1\0", 8)}},
  };
}

}  // namespace trainyard::kube
