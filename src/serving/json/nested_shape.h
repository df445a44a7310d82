// The shape of lists within lists, found while they are walked: the first list at each level says
// how many elements all others there have, and the first scalar at which level scalars are.
//
// Pure but for the state it keeps; thread-compatible. Texts are TensorFlow Serving's.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"

namespace trainyard::serving {

class NestedShape {
 public:
  // TensorFlow's largest rank, less one for a batch's dimension.
  static constexpr size_t kMaxRank = 253;

  // For another value.
  void Clear();

  // A list begins, or ends. InvalidArgument where no list may be, or with the wrong number of
  // elements.
  Status Open();
  Status Close();
  // Whether a scalar may stand here.
  bool AdmitsScalar();
  // So many elements of the innermost open list have been read; without one, nothing.
  void Count(int64_t elements) {
    if (!counts_.empty()) counts_.back() += elements;
  }

  bool is_in_list() const { return !counts_.empty(); }
  int level() const { return static_cast<int>(counts_.size()); }  // 0: outside of all lists
  int rank() const { return rank_; }                              // -1: not known yet
  // Once all lists have ended.
  const std::vector<int64_t>& sizes() const { return sizes_; }

 private:
  std::vector<int64_t> sizes_;   // by level; -1: not known yet
  std::vector<int64_t> counts_;  // of the open lists: how many elements so far
  int rank_ = -1;
};

}  // namespace trainyard::serving
