#include "job/roster.h"

#include <algorithm>

namespace trainyard::job {
namespace {

// Sorted by replica, of each only the newest instance.
std::vector<const ReplicaView*> SortViews(std::span<const ReplicaView> seen) {
  std::vector<const ReplicaView*> views;
  views.reserve(seen.size());
  for (const ReplicaView& view : seen) views.push_back(&view);
  const auto is_before = [](const ReplicaView* a, const ReplicaView* b) {
    return a->id != b->id ? a->id < b->id : a->instance > b->instance;
  };
  if (!std::is_sorted(views.begin(), views.end(), is_before)) {
    std::sort(views.begin(), views.end(), is_before);
  }
  const auto is_same = [](const ReplicaView* a, const ReplicaView* b) { return a->id == b->id; };
  views.erase(std::unique(views.begin(), views.end(), is_same), views.end());
  return views;
}

}  // namespace

Roster::Roster(const spec::TFJob& job, std::span<const ReplicaView> seen, ReplicaRecords* records)
    : views_(SortViews(seen)) {
  for (const auto& [type, spec] : job.replicas) records->Include(type, spec.replicas);
  members_.reserve(records->size());
  const Deciders deciders = WhoDecides(job);
  auto spec = job.replicas.begin();
  auto view = views_.begin();
  for (auto& [id, record] : *records) {
    while (spec != job.replicas.end() && spec->first < id.type) ++spec;
    if (spec == job.replicas.end()) break;
    if (spec->first != id.type || id.index >= spec->second.replicas) continue;
    while (view != views_.end() && (*view)->id < id) ++view;
    const bool is_seen = view != views_.end() && (*view)->id == id;
    members_.push_back(
        {id, &spec->second, &record, is_seen ? *view : nullptr, deciders.Include(id)});
  }
}

}  // namespace trainyard::job
