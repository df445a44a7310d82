// What `trainyard wait` waits for. Pure, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "cli/jobs_report.h"
#include "job/status.h"

namespace trainyard::cli {

// A condition to be true or false, or, without one, that the job is gone.
struct WaitWish {
  std::optional<job::ConditionType> condition{};
  bool value = true;

  friend bool operator==(const WaitWish&, const WaitWish&) = default;
};

// `condition=Succeeded`, `condition=Running=false`, `delete`; InvalidArgument for other text.
Result<WaitWish> ParseWaitWish(std::string_view text);

struct WaitState {
  bool is_met = false;
  bool is_hopeless = false;  // and will not be met without another run
  std::string message{};     // "Succeeded"; "has failed: ..."
};

WaitState CheckWish(const WaitWish& wish, const JobDescription& job, bool is_alive);
WaitState CheckWishOfDeleted(const WaitWish& wish);

}  // namespace trainyard::cli
