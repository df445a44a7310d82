// What is to hold of any bytes, said once: libFuzzer looks for bytes of which it does not
// (<folder>_fuzz), and the unit tests try some thousands (<folder>_fuzz_test).
//
// A folder's testing/fuzz_targets.cc defines FuzzTargets(); add_fuzz_targets() in its
// CMakeLists.txt makes both programs of it.
//
//   Status CheckUrl(std::string_view text) {
//     const auto url = ParseUrl(text);
//     if (!url.ok()) return OkStatus();
//     return Expect(ParseUrl(Format(*url)) == url, "what is written reads as the same");
//   }
//   std::vector<FuzzTarget> FuzzTargets() { return {{"url", CheckUrl, {"http://h:80/a?b"}}}; }
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace trainyard {

struct FuzzTarget {
  std::string name{};
  // A failure says what does not hold. Called by one thread; the text is gone after the call.
  std::function<Status(std::string_view text)> check{};
  std::vector<std::string> seeds{};  // texts to begin with
  int rounds = 3'000;                // damaged seeds that the unit tests try
};

std::vector<FuzzTarget> FuzzTargets();

// Internal, with `what` as message, unless it holds.
Status Expect(bool holds, std::string_view what);

// The text in pieces, as a network might deliver it; where it is cut depends on nothing but text
// and turn. Pieces are borrowed, may be empty, and are at most 64.
std::vector<std::string_view> CutAnywhere(std::string_view text, unsigned turn = 0);

}  // namespace trainyard
