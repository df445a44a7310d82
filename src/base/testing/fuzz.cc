#include "base/testing/fuzz.h"

#include <algorithm>
#include <cstdint>
#include <random>

namespace trainyard {
namespace {

// FNV-1a: the same everywhere, unlike std::hash.
uint32_t HashOf(std::string_view text) {
  uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

}  // namespace

Status Expect(bool holds, std::string_view what) {
  return holds ? OkStatus() : InternalError("it does not hold: {}", what);
}

std::vector<std::string_view> CutAnywhere(std::string_view text, unsigned turn) {
  std::mt19937 random(HashOf(text) + turn);
  std::vector<size_t> cuts(random() % 64);
  for (size_t& cut : cuts) cut = random() % (text.size() + 1);
  std::sort(cuts.begin(), cuts.end());
  std::vector<std::string_view> pieces;
  size_t begin = 0;
  for (const size_t cut : cuts) {
    pieces.push_back(text.substr(begin, cut - begin));
    begin = cut;
  }
  pieces.push_back(text.substr(begin));
  return pieces;
}

}  // namespace trainyard
