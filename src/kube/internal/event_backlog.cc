#include "kube/internal/event_backlog.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace trainyard::kube::internal {
namespace {

constexpr size_t kMaxNoteBytes = 1'024;

std::string KindOf(const ObjectReference& about, bool is_warning, const std::string& reason) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", about.uid, about.kind, about.name_space, about.name,
                     is_warning, reason);
}

std::string CutAtCharacter(std::string text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

}  // namespace

void EventBacklog::Add(const ObjectReference& about, const EventNote& note,
                       std::chrono::steady_clock::time_point now,
                       std::chrono::system_clock::time_point wall_now) {
  const std::string kind = KindOf(about, note.is_warning, note.reason);
  const auto found = by_kind_.find(kind);
  if (found == by_kind_.end()) {
    if (pending_.size() >= kMaxEvents) DropOne();
    pending_.push_back({.about = about,
                        .is_warning = note.is_warning,
                        .reason = note.reason,
                        .action = note.action.empty() ? note.reason : note.action,
                        .first = wall_now,
                        .due = now + merge_window_});
    by_kind_[kind] = std::prev(pending_.end());
  }
  PendingEvent& event = *by_kind_[kind];
  event.last = wall_now;
  ++event.count;
  const std::string text = CutAtCharacter(note.note, kMaxNoteBytes);
  const bool is_known =
      std::find(event.notes.begin(), event.notes.end(), text) != event.notes.end();
  if (!is_known && event.notes.size() < kMaxNotes) event.notes.push_back(text);
}

std::optional<std::chrono::steady_clock::time_point> EventBacklog::next_due() const {
  if (pending_.empty()) return std::nullopt;
  return pending_.front().due;
}

PendingEvent EventBacklog::TakeNext() {
  PendingEvent event = std::move(pending_.front());
  pending_.pop_front();
  by_kind_.erase(KindOf(event.about, event.is_warning, event.reason));
  return event;
}

void EventBacklog::DropOne() {
  auto victim = std::find_if(pending_.begin(), pending_.end(),
                             [](const PendingEvent& event) { return !event.is_warning; });
  if (victim == pending_.end()) victim = pending_.begin();
  by_kind_.erase(KindOf(victim->about, victim->is_warning, victim->reason));
  dropped_ += victim->count;
  pending_.erase(victim);
}

std::string JoinNotes(const PendingEvent& event, const EventRecorderOptions& options) {
  if (event.notes.size() == 1) return event.notes.front();
  const std::string joined =
      options.join
          ? options.join(event.reason, event.notes)
          : fmt::format("{} (and {} more)", CutAtCharacter(event.notes.front(), kMaxNoteBytes - 32),
                        event.notes.size() - 1);
  return CutAtCharacter(joined, kMaxNoteBytes);
}

Json BuildEvent(const PendingEvent& event, const std::string& note, const std::string& name,
                const EventRecorderOptions& options) {
  // Events about what has no namespace live in "default".
  const std::string name_space =
      event.about.name_space.empty() ? "default" : event.about.name_space;
  Json about = {{"apiVersion", event.about.api_version},
                {"kind", event.about.kind},
                {"name", event.about.name},
                {"namespace", event.about.name_space},
                {"uid", event.about.uid},
                {"resourceVersion", event.about.resource_version}};
  for (auto field = about.begin(); field != about.end();) {
    field = field->get_ref<const std::string&>().empty() ? about.erase(field) : std::next(field);
  }
  Json built = {{"apiVersion", "events.k8s.io/v1"},
                {"kind", "Event"},
                {"metadata", {{"name", name}, {"namespace", name_space}}},
                {"eventTime", FormatMicroTime(event.first)},
                {"reportingController", options.controller},
                {"reportingInstance", options.instance},
                {"action", event.action},
                {"reason", event.reason},
                {"type", event.is_warning ? "Warning" : "Normal"},
                {"note", note},
                {"regarding", std::move(about)}};
  // A series is of equal events; notes that differ were joined instead.
  if (event.notes.size() == 1 && event.count > 1) {
    built["series"] = {{"count", event.count}, {"lastObservedTime", FormatMicroTime(event.last)}};
  }
  return built;
}

}  // namespace trainyard::kube::internal
