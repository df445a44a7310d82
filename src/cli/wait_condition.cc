#include "cli/wait_condition.h"

#include <algorithm>
#include <cctype>

namespace trainyard::cli {
namespace {

constexpr job::ConditionType kTypes[] = {
    job::ConditionType::kCreated,   job::ConditionType::kRunning,   job::ConditionType::kRestarting,
    job::ConditionType::kSucceeded, job::ConditionType::kSuspended, job::ConditionType::kFailed};

// As kubectl, which asks for no letter case either.
bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

std::string Describe(const WaitWish& wish) {
  if (!wish.condition) return "deleted";
  return fmt::format("{}{}", job::ConditionTypeName(*wish.condition), wish.value ? "" : "=false");
}

}  // namespace

Result<WaitWish> ParseWaitWish(std::string_view text) {
  constexpr std::string_view kCondition = "condition=";
  if (text == "delete") return WaitWish{};
  const Status wrong = InvalidArgumentError(
      "--for {}: expected condition=TYPE or delete, where TYPE is Created, Running, Restarting, "
      "Succeeded, Suspended or Failed",
      text);
  if (!text.starts_with(kCondition)) return wrong;
  const std::string_view rest = text.substr(kCondition.size());
  const size_t equals = rest.find('=');
  WaitWish wish;
  for (const job::ConditionType type : kTypes) {
    if (EqualsIgnoringCase(rest.substr(0, equals), job::ConditionTypeName(type))) {
      wish.condition = type;
    }
  }
  if (!wish.condition) return wrong;
  if (equals == std::string_view::npos) return wish;
  const std::string_view value = rest.substr(equals + 1);
  wish.value = EqualsIgnoringCase(value, "true");
  if (!wish.value && !EqualsIgnoringCase(value, "false")) return wrong;
  return wish;
}

WaitState CheckWish(const WaitWish& wish, const JobDescription& job, bool is_alive) {
  WaitState state;
  if (wish.condition) {
    const job::Condition* condition = job.status.Find(*wish.condition);
    // A killed run has left its conditions as they were; they are not true any more.
    const bool is_stale = !is_alive && (wish.condition == job::ConditionType::kRunning ||
                                        wish.condition == job::ConditionType::kRestarting);
    const bool value = condition != nullptr && condition->status && !is_stale;
    const bool is_known = condition != nullptr || wish.value;
    state.is_met = is_known && value == wish.value;
  }
  if (state.is_met) {
    state.message = Describe(wish);
    return state;
  }
  state.is_hopeless = wish.condition && (job.status.is_finished() || !is_alive);
  state.message = fmt::format("not {}", Describe(wish));
  if (state.is_hopeless) {
    state.message = fmt::format("will not be {}: it is {}{}{}", Describe(wish), job.state,
                                job.state_note.empty() ? "" : ", ", job.state_note);
  }
  return state;
}

WaitState CheckWishOfDeleted(const WaitWish& wish) {
  if (!wish.condition) return {.is_met = true, .message = "deleted"};
  return {.is_hopeless = true,
          .message = fmt::format("will not be {}: it has been deleted", Describe(wish))};
}

}  // namespace trainyard::cli
