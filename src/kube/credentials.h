// What a client shows to the API server and believes of it, kept fresh: token, certificate and CA
// files are read again every minute, a plugin is run again when its credential expires.
//
// Current() is cheap as long as nothing is due; otherwise it reads files or runs the plugin (which
// may take its time) while others wait for the same news. After a 401, Reject() what was shown:
// the next Current() then looks for something new. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "kube/config.h"
#include "kube/exec_plugin.h"
#include "net/tls.h"

namespace trainyard::kube {

struct CredentialsOptions {
  std::chrono::seconds read_again{60};
  // However many requests are refused, what was rejected is not asked for anew more often than
  // this.
  std::chrono::seconds shortest_renewal{5};

  // Replaced by tests.
  std::function<std::chrono::steady_clock::time_point()> steady_now =
      std::chrono::steady_clock::now;
  std::function<TimePoint()> now = std::chrono::system_clock::now;
  std::function<Result<ExecCredential>(const ExecPlugin&)> run_plugin{};  // null: the real one
};

// Two shown credentials are the same if their versions are.
struct ShownCredentials {
  std::shared_ptr<const std::string> authorization{};  // shared with the requests that carry it;
                                                       // null: no such header
  std::shared_ptr<const net::TlsOptions> tls{};        // never null
  uint64_t version = 0;
};

class Credentials {
 public:
  // Files are read and a plugin is run at the first Current().
  static std::unique_ptr<Credentials> Make(const Config& config, CredentialsOptions options = {});
  virtual ~Credentials() = default;

  // Fails if there is nothing to show: the plugin fails, or the token file cannot be read and never
  // could. What could be read before stays in use otherwise.
  virtual Result<ShownCredentials> Current() = 0;

  // The server has refused them (401), or could not be believed (its CA may have changed). Does
  // nothing if others have taken their place meanwhile.
  virtual void Reject(uint64_t version) = 0;
};

}  // namespace trainyard::kube
