#include "kube/credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "base/files.h"
#include "base/log.h"
#include "kube/internal/base64.h"

namespace trainyard::kube {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// How long before its end a credential is replaced, at most.
constexpr std::chrono::seconds kLeeway{10};

std::string Trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// A token with a line break would be headers of its own.
Status CheckToken(std::string_view source, const std::string& token) {
  for (const char c : token) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return InvalidArgumentError("{} holds a control character", source);
    }
  }
  return OkStatus();
}

class RealCredentials : public Credentials {
 public:
  RealCredentials(const Config& config, CredentialsOptions options)
      : config_(config),
        options_(std::move(options)),
        reads_files_(!config.token_file.empty() || !config.ca_file.empty() ||
                     !config.client_cert_file.empty() || !config.client_key_file.empty()),
        runs_plugin_(!config.exec.command.empty() && config.token_file.empty() &&
                     config.token.empty() && config.username.empty()) {
    tls_.ca_pem = config.ca_pem;
    tls_.cert_pem = config.client_cert_pem;
    tls_.key_pem = config.client_key_pem;
    tls_.server_name = config.tls_server_name;
    tls_.insecure_skip_verify = config.insecure_skip_tls_verify;
    if (!options_.run_plugin) {
      options_.run_plugin = [](const ExecPlugin& plugin) { return RunExecPlugin(plugin); };
    }
  }

  Result<ShownCredentials> Current() override {
    const std::lock_guard lock(mutex_);
    const SteadyTime steady_now = options_.steady_now();
    const bool is_first = shown_.tls == nullptr;
    const bool is_rejected = is_rejected_ && (!last_renewal_ || steady_now - *last_renewal_ >=
                                                                    options_.shortest_renewal);
    const bool is_due = reads_files_ && steady_now >= next_read_;
    if (!is_first && !is_rejected && !is_due && !HasExpired()) return shown_;

    if (is_rejected) last_renewal_ = steady_now;
    is_rejected_ = false;
    if (is_first || is_rejected || is_due) {
      RETURN_IF_ERROR(ReadFiles());
      next_read_ = steady_now + options_.read_again;
    }
    if (runs_plugin_ && (is_first || is_rejected || HasExpired())) RETURN_IF_ERROR(RunPlugin());
    RETURN_IF_ERROR(Publish());
    return shown_;
  }

  void Reject(uint64_t version) override {
    const std::lock_guard lock(mutex_);
    if (version == shown_.version) is_rejected_ = true;
  }

 private:
  bool HasExpired() const {
    return runs_plugin_ && (!credential_ || (renew_at_ && options_.now() >= *renew_at_));
  }

  // Keeps `*text` if the file cannot be read now, as happens while it is being replaced.
  void Reread(const std::string& path, std::string* text) {
    if (path.empty()) return;
    Result<std::string> content = ReadFile(path);
    if (content.ok() && !Trimmed(*content).empty()) {
      *text = *std::move(content);
      return;
    }
    LogWarning("cannot read {} again ({}): what was read before stays in use", path,
               content.ok() ? "it is empty" : content.error().message());
  }

  Status ReadFiles() {
    Reread(config_.ca_file, &tls_.ca_pem);
    // A certificate and a key that do not belong together are worse than old ones.
    std::string cert = tls_.cert_pem;
    std::string key = tls_.key_pem;
    Reread(config_.client_cert_file, &cert);
    Reread(config_.client_key_file, &key);
    tls_.cert_pem = std::move(cert);
    tls_.key_pem = std::move(key);
    if (config_.token_file.empty()) return OkStatus();
    Result<std::string> content = ReadFile(config_.token_file);
    std::string token = content.ok() ? Trimmed(*content) : std::string();
    const Status check = CheckToken(config_.token_file, token);
    if (!token.empty() && check.ok()) {
      token_ = std::move(token);
      return OkStatus();
    }
    if (token_.empty()) token_ = config_.token;
    const std::string why = !content.ok() ? content.error().message()
                            : !check.ok() ? check.message()
                                          : config_.token_file + " is empty";
    if (token_.empty()) {
      return Status(StatusCode::kUnauthenticated, fmt::format("cannot get credentials: {}", why));
    }
    LogWarning("cannot read the token again ({}): the one read before stays in use", why);
    return OkStatus();
  }

  Status RunPlugin() {
    ASSIGN_OR_RETURN(ExecCredential credential, options_.run_plugin(config_.exec));
    credential_ = std::move(credential);
    renew_at_.reset();
    if (!credential_->expires) return OkStatus();
    const auto left = *credential_->expires - options_.now();
    renew_at_ = *credential_->expires - std::min<TimePoint::duration>(
                                            kLeeway, std::max<TimePoint::duration>(left / 10, {}));
    return OkStatus();
  }

  // The header's value; empty: none.
  Result<std::string> Authorization() const {
    const std::string& token = !config_.token_file.empty() ? token_
                               : credential_               ? credential_->token
                                                           : config_.token;
    if (!token.empty()) {
      RETURN_IF_ERROR(CheckToken("the token", token));
      return "Bearer " + token;
    }
    if (config_.username.empty()) return std::string();
    return "Basic " + EncodeBase64(config_.username + ":" + config_.password);
  }

  Status Publish() {
    ASSIGN_OR_RETURN(std::string authorization, Authorization());
    net::TlsOptions tls = tls_;
    // A certificate in the kubeconfig itself comes before the plugin's.
    if (credential_ && tls.cert_pem.empty()) {
      tls.cert_pem = credential_->cert_pem;
      tls.key_pem = credential_->key_pem;
    }
    const bool is_first = shown_.tls == nullptr;
    const std::string before = shown_.authorization ? *shown_.authorization : std::string();
    if (!is_first && before == authorization && tls == *shown_.tls) return OkStatus();
    if (is_first || before != authorization) {
      shown_.authorization = authorization.empty()
                                 ? nullptr
                                 : std::make_shared<const std::string>(std::move(authorization));
    }
    if (is_first || tls != *shown_.tls) {
      shown_.tls = std::make_shared<const net::TlsOptions>(std::move(tls));
    }
    ++shown_.version;
    return OkStatus();
  }

  // Immutable after construction.
  const Config config_;
  CredentialsOptions options_;
  const bool reads_files_;
  const bool runs_plugin_;

  std::mutex mutex_;
  // Guarded by mutex_: what was read last, before it is put together in shown_.
  net::TlsOptions tls_;
  std::string token_;  // of the token file
  std::optional<ExecCredential> credential_;
  std::optional<TimePoint> renew_at_;  // of credential_
  SteadyTime next_read_{};
  std::optional<SteadyTime> last_renewal_;
  bool is_rejected_ = false;
  ShownCredentials shown_;
};

}  // namespace

std::unique_ptr<Credentials> Credentials::Make(const Config& config, CredentialsOptions options) {
  return std::make_unique<RealCredentials>(config, std::move(options));
}

}  // namespace trainyard::kube
