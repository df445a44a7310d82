#include "cli/cluster/cluster_flags.h"

#include <utility>

#include <CLI/CLI.hpp>

#include "kube/client.h"

namespace trainyard::cli {

void AddClusterFlags(CLI::App* command, ClusterFlags* flags) {
  command->add_option("--kubeconfig", flags->choice.kubeconfig,
                      "Configuration of the cluster; without it $KUBECONFIG, ~/.kube/config");
  command->add_option("--context", flags->choice.context, "Context of that configuration");
  command->add_option("-n,--namespace", flags->choice.name_space,
                      "Namespace; without it the context's");
}

Result<Cluster> Connect(const ClusterFlags& flags) {
  ASSIGN_OR_RETURN(const kube::Config config, kube::LoadConfig(flags.choice));
  Cluster cluster;
  ASSIGN_OR_RETURN(cluster.client, kube::Client::Create(config, {.user_agent = "trainyard"}));
  cluster.timers = kube::TimerQueue::Start();
  cluster.name_space = config.name_space;
  cluster.server = config.server;
  return cluster;
}

}  // namespace trainyard::cli
