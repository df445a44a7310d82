#include "cli/cluster/wait_notes.h"

#include <fmt/format.h>

#include <string_view>

#include "cli/terminal.h"

namespace trainyard::cli {
namespace {

using operators::PodView;

// A message of the scheduler or a kubelet may be long, and comes from outside.
constexpr int kMaxColumns = 500;

std::string CauseOf(const PodView& pod) {
  std::string_view cause = pod.replica.waiting_for;
  // What Pending says already.
  constexpr std::string_view kUnschedulable = "Unschedulable: ";
  if (cause.starts_with(kUnschedulable)) cause.remove_prefix(kUnschedulable.size());
  if (!cause.empty()) return std::string(cause);
  return pod.node.empty() ? "no node has been chosen for it yet"
                          : fmt::format("node {} prepares it", pod.node);
}

}  // namespace

std::string WaitNotes::Next(const PodView& pod, TimePoint now) {
  if (pod.replica.phase != job::Phase::kPending || pod.deleted_at) return {};
  Pod& known = pods_.try_emplace(pod.uid, Pod{.first_seen = now, .said = {}}).first->second;
  const bool is_ordinary = pod.replica.waiting_for.empty();
  if (is_ordinary && now - known.first_seen < kOrdinaryWait) return {};
  std::string line =
      CleanLine(fmt::format("waiting for {}: Pending, {}", pod.name, CauseOf(pod)), kMaxColumns);
  return known.said.insert(line).second ? line : std::string();
}

}  // namespace trainyard::cli
