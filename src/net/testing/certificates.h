// Certificates for tests, made in memory; none is older than the test.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace trainyard::net {

struct TestCertificate {
  std::string cert_pem{};
  std::string key_pem{};
};

// An authority that signs whatever a test asks for. Thread-compatible.
class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  const std::string& ca_pem() const { return ca_pem_; }

  // For the subject "CN=<name>" and, as OpenSSL writes them, alternative names like
  // "DNS:kubernetes" or "IP:127.0.0.1".
  TestCertificate Issue(const std::string& name, const std::string& alternative_names = "") const;

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::string ca_pem_;
};

}  // namespace trainyard::net
