#include "serving/json/nested_shape.h"

namespace trainyard::serving {

void NestedShape::Clear() {
  sizes_.clear();
  counts_.clear();
  rank_ = -1;
}

bool NestedShape::AdmitsScalar() {
  if (rank_ < 0) rank_ = level();
  return rank_ == level();
}

Status NestedShape::Open() {
  const int limit = rank_ < 0 ? static_cast<int>(kMaxRank) : rank_;
  if (level() >= limit) {
    return InvalidArgumentError("Encountered list at unexpected level: {} expected < {}", level(),
                                limit);
  }
  if (counts_.size() == sizes_.size()) sizes_.push_back(-1);
  counts_.push_back(0);
  return OkStatus();
}

Status NestedShape::Close() {
  const int64_t count = counts_.back();
  counts_.pop_back();
  int64_t& size = sizes_[counts_.size()];
  if (size < 0) size = count;
  if (size != count) {
    return InvalidArgumentError(
        "Encountered list at unexpected size: {} at level: {} expected size: {}", count, level(),
        size);
  }
  if (rank_ < 0) rank_ = level() + 1;  // the first list without lists is empty
  Count(1);
  return OkStatus();
}

}  // namespace trainyard::serving
