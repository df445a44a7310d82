#include "kube/internal/line_splitter.h"

#include <utility>

namespace trainyard::kube {
namespace {

// A buffer that has grown larger than this for one long line is not kept for the next.
constexpr size_t kKeptBytes = 256u << 10;

}  // namespace

Status LineSplitter::Feed(std::string_view piece, const OnLine& on_line) {
  while (true) {
    const size_t end = piece.find('\n');
    const std::string_view part = piece.substr(0, end);
    if (part.size() > max_line_bytes_ - begun_.size()) {
      return ResourceExhaustedError("a line of more than {} bytes", max_line_bytes_);
    }
    if (end == std::string_view::npos) {
      begun_.append(part);
      return OkStatus();
    }
    if (begun_.empty()) {
      RETURN_IF_ERROR(on_line(part));
    } else {
      begun_.append(part);
      RETURN_IF_ERROR(on_line(begun_));
      if (begun_.capacity() > kKeptBytes) begun_ = std::string();
      begun_.clear();
    }
    piece.remove_prefix(end + 1);
  }
}

Status LineSplitter::Finish(const OnLine& on_line) {
  if (begun_.empty()) return OkStatus();
  const std::string last = std::exchange(begun_, std::string());
  return on_line(last);
}

}  // namespace trainyard::kube
