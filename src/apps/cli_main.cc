// trainyard: the command line.
#include "cli/command_line.h"
#include "local/process/guardian.h"

int main(int argc, char** argv) {
  // `trainyard run` starts this program a second time, to guard the processes it starts.
  if (const auto exit_code = trainyard::local::RunGuardianIfAsked(argc, argv)) return *exit_code;
  return trainyard::cli::RunCommandLine(argc, argv);
}
