// The one way Trainyard reports failure: Status, and Result<T> for a value or a Status.
//
// The seventeen codes have the numbers of gRPC, Abseil and TensorFlow's C API, so that each of
// those borders is a single cast. A message names the attempt, the object and the cause, for
// example `cannot load model "digits" version 3 from /models/digits/3: saved_model.pb not found`.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tl/expected.hpp>

namespace trainyard {

enum class StatusCode : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// The code's canonical upper-case name, such as "NOT_FOUND"; "UNKNOWN" for a number out of range.
std::string_view StatusCodeName(StatusCode code);

// A value type: success, or a code with a message for people. Thread-compatible.
class [[nodiscard]] Status {
 public:
  Status() = default;  // success
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same failure seen from one layer up: "context: message". Success stays success.
  Status WithContext(std::string_view context) const;

  // "OK", or "NOT_FOUND: message".
  std::string ToString() const;

  friend bool operator==(const Status&, const Status&) = default;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

inline Status OkStatus() { return Status(); }
std::ostream& operator<<(std::ostream& out, const Status& status);

namespace internal {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view detail);
}

// A T, or the Status that says why there is none. Never holds a successful Status.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Status> {
  using Base = tl::expected<T, Status>;

 public:
  using Base::Base;
  // Implicit, so that a function returning Result<T> may `return NotFoundError(...)`.
  Result(Status status) : Base(tl::unexpected<Status>(std::move(status))) {  // NOLINT
    if (Base::error().ok()) internal::CheckFailed(__FILE__, __LINE__, "!status.ok()", "");
  }
  bool ok() const { return Base::has_value(); }
  Status status() const { return ok() ? OkStatus() : Base::error(); }
};

// One factory per code in common use: `return NotFoundError("no checkpoint in {}", dir);`
#define TRAINYARD_STATUS_FACTORY(Name)                                                  \
  template <class... Args>                                                              \
  Status Name##Error(fmt::format_string<Args...> text, Args&&... args) {                \
    return Status(StatusCode::k##Name, fmt::format(text, std::forward<Args>(args)...)); \
  }
TRAINYARD_STATUS_FACTORY(Cancelled)
TRAINYARD_STATUS_FACTORY(InvalidArgument)
TRAINYARD_STATUS_FACTORY(DeadlineExceeded)
TRAINYARD_STATUS_FACTORY(NotFound)
TRAINYARD_STATUS_FACTORY(AlreadyExists)
TRAINYARD_STATUS_FACTORY(PermissionDenied)
TRAINYARD_STATUS_FACTORY(ResourceExhausted)
TRAINYARD_STATUS_FACTORY(FailedPrecondition)
TRAINYARD_STATUS_FACTORY(Aborted)
TRAINYARD_STATUS_FACTORY(OutOfRange)
TRAINYARD_STATUS_FACTORY(Unimplemented)
TRAINYARD_STATUS_FACTORY(Internal)
TRAINYARD_STATUS_FACTORY(Unavailable)
TRAINYARD_STATUS_FACTORY(DataLoss)
#undef TRAINYARD_STATUS_FACTORY

// The Status for a failed system call: `ErrnoError(errno, "cannot open {}", path)` gives
// "cannot open /x: No such file or directory" with the code that fits the errno.
Status ErrnoStatus(int error_number, std::string_view attempt);
template <class... Args>
Status ErrnoError(int error_number, fmt::format_string<Args...> attempt, Args&&... args) {
  return ErrnoStatus(error_number, fmt::format(attempt, std::forward<Args>(args)...));
}

#define TRAINYARD_CONCAT_INNER(a, b) a##b
#define TRAINYARD_CONCAT(a, b) TRAINYARD_CONCAT_INNER(a, b)

// Leaves the function with the Status if it is a failure.
#define RETURN_IF_ERROR(expression)                                                          \
  do {                                                                                       \
    if (::trainyard::Status status_of_expression = (expression); !status_of_expression.ok()) \
      return status_of_expression;                                                           \
  } while (false)

// `ASSIGN_OR_RETURN(auto x, MakeX());` declares or assigns x, or leaves with the failure. Expands
// to several statements: not for use as the body of an `if` without braces.
#define ASSIGN_OR_RETURN(lhs, expression) \
  TRAINYARD_ASSIGN_OR_RETURN(TRAINYARD_CONCAT(result_, __COUNTER__), lhs, expression)
#define TRAINYARD_ASSIGN_OR_RETURN(result, lhs, expression)  \
  auto result = (expression);                                \
  if (!result.has_value()) return std::move(result).error(); \
  lhs = std::move(result).value()

// For our own bugs only, never for input: ends the process with the place and the condition.
#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) [[unlikely]]                                            \
      ::trainyard::internal::CheckFailed(__FILE__, __LINE__, #condition, ""); \
  } while (false)

}  // namespace trainyard
