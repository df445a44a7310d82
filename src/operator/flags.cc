#include "operator/flags.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/log.h"

namespace trainyard::operators {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  trainyard operator --kubeconfig ~/.kube/config\n"
    "  trainyard operator --namespace team-a,team-b --log-format json\n"
    "  trainyard operator --leader-elect --metrics-bind-address :8080 --health-probe-bind-address "
    ":8081";

struct Words {
  std::string log_level = "info";
  std::string log_format = "text";
  std::vector<std::string> schemes{};
  double lost_after_seconds = 30;
  double evaluator_grace_seconds = 120;
};

void AddClusterFlags(CLI::App* app, ManagerOptions* options) {
  app->add_option(
      "--kubeconfig", options->cluster.kubeconfig,
      "Configuration of the cluster; without it $KUBECONFIG, ~/.kube/config, the pod's");
  app->add_option("--context", options->cluster.context, "Context of that configuration");
  app->add_option("--namespace", options->controller.namespaces,
                  "Only these namespaces, separated by commas; without it all")
      ->delimiter(',')
      ->envname("KUBEFLOW_NAMESPACE");
  app->add_option("--qps", options->client.qps,
                  "Requests per second to the API server; 0: as many as it takes")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app->add_option("--burst", options->client.burst, "Requests at once beyond --qps")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

void AddControllerFlags(CLI::App* app, ManagerOptions* options, Words* words) {
  ControllerOptions& controller = options->controller;
  app->add_option("--controller-threads,--workers", controller.workers,
                  "TFJobs worked on at the same time")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app->add_option("--gang-scheduler-name", controller.writer.build.gang_scheduler_name,
                  "Make PodGroups for this scheduler: volcano, or one that knows those of "
                  "scheduler-plugins");
  app->add_option("--cluster-domain", controller.writer.build.cluster_domain,
                  "Put after .svc in TF_CONFIG's addresses, such as cluster.local")
      ->envname("CUSTOM_CLUSTER_DOMAIN");
  app->add_option("--lost-pod-timeout", words->lost_after_seconds,
                  "Seconds after which a deleted pod on a node that does not answer is taken for "
                  "ended; 0: never")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app->add_option(
         "--evaluator-grace", words->evaluator_grace_seconds,
         "Seconds that an evaluator has for its last evaluation when its job has succeeded")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app->add_option("--enable-scheme", words->schemes, "Kinds to work on; tfjob is the only one")
      ->check(CLI::IsMember({"tfjob"}, CLI::ignore_case));
}

void AddProcessFlags(CLI::App* app, ManagerOptions* options, Words* words) {
  app->add_option("--metrics-bind-address", options->metrics_address, "/metrics; 0: none")
      ->capture_default_str();
  app->add_option("--health-probe-bind-address", options->health_address,
                  "/healthz and /readyz; 0: none")
      ->capture_default_str();
  app->add_flag("--leader-elect", options->leader_elect,
                "Work only while holding a Lease, of several operators one");
  app->add_option("--leader-election-id", options->election.name, "Name of the Lease");
  app->add_option("--leader-election-namespace", options->election.name_space,
                  "Namespace of the Lease; without it the pod's or context's");
  app->add_option("--log-level,--zap-log-level", words->log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  app->add_option("--log-format", words->log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

LogLevel ToLogLevel(const std::string& word) {
  if (word == "debug") return LogLevel::kDebug;
  if (word == "warning") return LogLevel::kWarning;
  return word == "error" ? LogLevel::kError : LogLevel::kInfo;
}

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

}  // namespace

ParsedFlags ParseFlags(int argc, char** argv) {
  ParsedFlags parsed;
  Words words;
  CLI::App app(
      "Runs TFJobs of a Kubernetes cluster: makes their pods and Services, restarts what "
      "fails, and keeps their status.",
      "trainyard operator");
  app.footer(kExamples);
  AddClusterFlags(&app, &parsed.options);
  AddControllerFlags(&app, &parsed.options, &words);
  AddProcessFlags(&app, &parsed.options, &words);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    parsed.exit_code = app.exit(asked);
    return parsed;
  } catch (const CLI::ParseError& mistake) {
    fmt::print(stderr, "trainyard operator: {}; see trainyard operator --help\n", mistake.what());
    parsed.exit_code = 2;
    return parsed;
  }
  parsed.options.controller.reconciler.lost_after = Milliseconds(words.lost_after_seconds);
  parsed.options.controller.reconciler.plan.evaluator_grace =
      Milliseconds(words.evaluator_grace_seconds);
  SetLogOptions({.level = ToLogLevel(words.log_level), .json = words.log_format == "json"});
  return parsed;
}

}  // namespace trainyard::operators
