// trainyard-serve: the model server.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "serving/frontends/grpc/port.h"
#include "serving/options.h"
#include "serving/server.h"
#include "tf/runtime.h"

namespace {

namespace serving = trainyard::serving;

constexpr std::chrono::seconds kDrainTime{10};
constexpr std::chrono::duration<unsigned> kLoadTime{5};  // for loads under way, at the end

int Fail(int exit_code, const std::string& message) {
  fmt::print(stderr, "trainyard-serve: {}\n", message);
  return exit_code;
}

// The signals wait, in every thread, for sigwait below.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

bool IsAskedToStop() {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);
  return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1;
}

void PrintLine(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);  // scripts wait for these lines
}

// Each connection takes one, and the usual limit is meant for other programs.
void AllowManyFiles() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

int main(int argc, char** argv) {
  const auto line = serving::ParseCommandLine(std::vector<std::string>(argv + 1, argv + argc));
  if (!line.ok()) return Fail(2, line.error().message());
  if (line->help) {
    fmt::print("{}", serving::HelpText());
    return 0;
  }
  if (line->version) {
    fmt::print("trainyard-serve, TensorFlow {}\n", trainyard::tf::RuntimeVersion());
    return 0;
  }
  setenv("GRPC_VERBOSITY", "NONE", 0);  // failures are returned to us; its own lines only confuse
  trainyard::tf::UseSystemAllocator();
  AllowManyFiles();
  const sigset_t signals = BlockSignals();

  const serving::ServerOptions& options = line->options;
  auto server = serving::Server::Create(options);
  if (!server.ok()) {
    const bool wrong_use = server.error().code() == trainyard::StatusCode::kInvalidArgument;
    return Fail(wrong_use ? 2 : 1, server.error().message());
  }
  const std::string address = fmt::format("{} (gRPC)", (*server)->grpc_address());
  PrintLine("listening on " + address);
  if ((*server)->rest_port() != 0) {
    PrintLine(fmt::format("listening on {} ({})",
                          serving::JoinHostPort(options.host, (*server)->rest_port()),
                          options.rest.cert_file.empty() ? "REST" : "REST, TLS"));
  }
  const trainyard::Status started = (*server)->Start(
      [&](const serving::Servable& servable) {
        PrintLine(fmt::format("serving model \"{}\" version {} on {}", servable.id().name,
                              servable.id().version, address));
      },
      IsAskedToStop);
  if (!started.ok() && started.code() != trainyard::StatusCode::kCancelled) {
    return Fail(1, started.message());
  }

  int signal = SIGHUP;
  while (sigwait(&signals, &signal) != 0 || signal == SIGHUP) {
    PrintLine("reading the configuration again");
    (*server)->Reload();
  }
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // a second one ends the process at once
  PrintLine("stopping: no new requests, finishing those under way");
  (*server)->Stop(kDrainTime);
  // A version that is being loaded may take minutes, and nobody waits for it any more.
  std::signal(SIGALRM, [](int) { _exit(0); });
  alarm(kLoadTime.count());
  return 0;
}
