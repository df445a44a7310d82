// The fuzz targets of a folder in its unit tests: their seeds, and seeds that were damaged. The
// same ones each time; with TRAINYARD_FUZZ_SECONDS=20 (e2e.fuzz_...) others, for so long per
// target.
#include "base/testing/fuzz.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <random>

namespace trainyard {

void PrintTo(const FuzzTarget& target, std::ostream* out) { *out << target.name; }

namespace {

class Damage {
 public:
  Damage(const std::vector<std::string>& seeds, uint32_t turn) : seeds_(seeds), random_(turn) {}

  std::string Next() {
    std::string text = Seed();
    for (size_t changes = Below(5); changes > 0; --changes) Change(&text);
    return text;
  }

 private:
  size_t Below(size_t limit) { return random_() % limit; }
  const std::string& Seed() { return seeds_[Below(seeds_.size())]; }

  char Byte() {
    // Half of them from among those that mean something to some parser.
    constexpr std::string_view kUsual(
        "{}[]()<>\"'\\/,:;.=-+?&#%!*|@$~_ \t\r\n\0\xff"
        "0129aeZ",
        44);
    return static_cast<char>(Below(2) == 0 ? Below(256)
                                           : static_cast<uint8_t>(kUsual[Below(kUsual.size())]));
  }

  void Change(std::string* text) {
    const size_t at = Below(text->size() + 1);
    const size_t length = Below(std::min<size_t>(text->size() - at, 16) + 1);
    switch (Below(6)) {
      case 0:
        return text->resize(at);
      case 1:
        return void(text->erase(at, length));
      case 2:
        return void(text->insert(at, text->substr(at, length)));
      case 3:
        return void(text->insert(at, 1, Byte()));
      case 4: {
        const std::string& other = Seed();
        return void(text->replace(at, std::string::npos, other, Below(other.size() + 1)));
      }
      default:
        if (at < text->size()) (*text)[at] = Byte();
    }
  }

  const std::vector<std::string>& seeds_;
  std::mt19937 random_;
};

// 0: as many rounds as the target says.
std::chrono::seconds AskedTime() {
  const char* asked = std::getenv("TRAINYARD_FUZZ_SECONDS");
  return std::chrono::seconds(asked == nullptr ? 0 : std::atoi(asked));
}

class FuzzTest : public ::testing::TestWithParam<FuzzTarget> {};

TEST_P(FuzzTest, HoldsOfAnyBytes) {
  const FuzzTarget& target = GetParam();
  const auto holds = [&](const std::string& text) {
    // On the heap and of the exact size, so that a sanitizer sees every step too far.
    const std::vector<char> exact(text.begin(), text.end());
    const Status status = target.check(std::string_view(exact.data(), exact.size()));
    EXPECT_TRUE(status.ok()) << status << " of " << ::testing::PrintToString(text);
    return status.ok();
  };
  for (const std::string& seed : target.seeds) ASSERT_TRUE(holds(seed));
  constexpr uint32_t kEachTime = 7;
  const bool is_long = AskedTime().count() > 0;
  Damage damage(target.seeds, is_long ? std::random_device()() : kEachTime);
  const auto end = std::chrono::steady_clock::now() + AskedTime();
  for (int round = 0; is_long ? std::chrono::steady_clock::now() < end : round < target.rounds;
       ++round) {
    ASSERT_TRUE(holds(damage.Next()));
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzTest, ::testing::ValuesIn(FuzzTargets()),
                         [](const auto& target) { return target.param.name; });

}  // namespace
}  // namespace trainyard
