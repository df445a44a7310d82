// Runs the program that a kubeconfig names as source of credentials (client-go's
// plugin/pkg/client/auth/exec).
//
// Run without a shell. Thread-safe: no state. Messages never contain what the program printed: it
// may be secret.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "kube/config.h"

namespace trainyard::kube {

// What a plugin answered: a token, a certificate with its key, or both.
struct ExecCredential {
  std::string token{};
  std::string cert_pem{};
  std::string key_pem{};
  std::optional<TimePoint> expires{};  // none: as long as this process lives

  friend bool operator==(const ExecCredential&, const ExecCredential&) = default;
};

struct ExecPluginLimits {
  std::chrono::milliseconds deadline{60'000};
  std::chrono::milliseconds interactive_deadline{600'000};  // somebody may be logging in
  size_t max_reply_bytes = 1u << 20;
};

// Its standard error goes to ours; standard input only if it may be interactive.
// FailedPrecondition (with the plugin's installHint if it is not installed), DeadlineExceeded,
// Unauthenticated for one that fails or answers something else than a credential.
Result<ExecCredential> RunExecPlugin(const ExecPlugin& plugin, const ExecPluginLimits& limits = {});

// KUBERNETES_EXEC_INFO. Pure.
std::string BuildExecInfo(const ExecPlugin& plugin, bool is_interactive);

// The ExecCredential in what a plugin printed. Pure.
Result<ExecCredential> ParseExecCredential(const ExecPlugin& plugin, std::string_view text);

}  // namespace trainyard::kube
