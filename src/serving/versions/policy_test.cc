#include "serving/versions/policy.h"

#include <gtest/gtest.h>

namespace trainyard::serving {
namespace {

const TimePoint kNow = TimePoint() + std::chrono::hours(1);

VersionSeen Whole(int64_t version, const std::string& fingerprint = "f") {
  return {.version = version, .directory = "", .missing = "", .fingerprint = fingerprint};
}
VersionSeen Incomplete(int64_t version) {
  return {.version = version, .directory = "", .missing = "saved_model.pb", .fingerprint = "f"};
}
FailedLoad FailedUntil(std::chrono::seconds from_now, const std::string& fingerprint = "f") {
  return {fingerprint, kNow + from_now};
}

struct Case {
  const char* what;
  std::vector<VersionSeen> seen;
  std::optional<int64_t> serving;
  std::map<int64_t, FailedLoad> failed;
  std::optional<int64_t> next;
};

TEST(VersionPolicyTest, ChoosesTheNewestWholeVersionAndNeverGivesUpAGoodOne) {
  using std::chrono::seconds;
  const Case cases[] = {
      {"nothing there", {}, {}, {}, {}},
      {"the first version", {Whole(1)}, {}, {}, 1},
      {"the newest of several", {Whole(1), Whole(3), Whole(2)}, {}, {}, 3},
      {"the newest is served", {Whole(1), Whole(2)}, 2, {}, {}},
      {"a newer one has come", {Whole(1), Whole(2)}, 1, {}, 2},
      {"a newer one is not whole yet", {Whole(1), Incomplete(2)}, 1, {}, {}},
      {"at the start, the newest is not whole", {Whole(1), Incomplete(2)}, {}, {}, 1},
      {"the newest was removed: back to the one before", {Whole(1)}, 2, {}, 1},
      {"everything was removed: what is served stays", {}, 2, {}, {}},
      {"only an incomplete one is left: what is served stays", {Incomplete(1)}, 2, {}, {}},
      {"the served one's files have gone", {Whole(1), Incomplete(2)}, 2, {}, {}},
      {"a newer one failed", {Whole(1), Whole(2)}, 1, {{2, FailedUntil(seconds(1))}}, {}},
      {"a newer one failed, and it is time to try again",
       {Whole(1), Whole(2)},
       1,
       {{2, FailedUntil(seconds(0))}},
       2},
      {"a newer one failed, and its files have changed",
       {Whole(1), Whole(2, "g")},
       1,
       {{2, FailedUntil(seconds(1))}},
       2},
      {"at the start, the newest failed",
       {Whole(1), Whole(2)},
       {},
       {{2, FailedUntil(seconds(1))}},
       1},
      {"a negative number is a version too", {Whole(-1)}, {}, {}, -1},
  };
  for (const Case& c : cases) {
    const auto next = NextVersionToLoad(c.seen, c.serving, c.failed, kNow);
    EXPECT_EQ(next ? std::optional(next->version) : std::nullopt, c.next) << c.what;
  }
}

}  // namespace
}  // namespace trainyard::serving
