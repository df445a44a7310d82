#include "cli/completion.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

namespace trainyard::cli {
namespace {

std::string Flags(const CLI::App& app) {
  std::string words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words += " --" + name;
  }
  return words;
}

}  // namespace

std::string CompletionScript(const CLI::App& app, bool is_zsh) {
  std::string commands;
  std::string cases;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands += " " + command->get_name();
    cases += fmt::format("    {}) words=\"{}\" ;;\n", command->get_name(), Flags(*command));
  }
  return fmt::format(
      R"({}_trainyard() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" words="{}{}"
  if [ "$COMP_CWORD" -gt 1 ]; then
    case "${{COMP_WORDS[1]}}" in
{}    esac
    case "$word" in
      -*) ;;
      *)
        case "${{COMP_WORDS[1]}}" in
          describe|logs|wait|delete)
            words=$(trainyard jobs --local --output name 2>/dev/null)
            COMPREPLY=($(compgen -W "$words" -- "$word"))
            return ;;
        esac ;;
    esac
    case "$word" in
      -*) ;;
      *) COMPREPLY=($(compgen -f -- "$word")); return ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o filenames -F _trainyard trainyard
)",
      is_zsh ? "autoload -U +X bashcompinit && bashcompinit\n" : "", commands, Flags(app), cases);
}

void AddCompletionCommand(CLI::App& app, int* exit_code) {
  CLI::App* command =
      app.add_subcommand("completion", "Print a script that completes commands in a shell");
  const auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
  command->footer("Example:\n  source <(trainyard completion bash)");
  command->callback([&app, shell, exit_code] {
    fmt::print("{}", CompletionScript(app, *shell == "zsh"));
    *exit_code = 0;
  });
}

}  // namespace trainyard::cli
