// Pictures that follow each other in place on a terminal, until Ctrl-C.
//
// Thread-compatible; one at a time per process (Interrupts).
//
//   ASSIGN_OR_RETURN(const auto screen, LiveScreen::Start());
//   do screen->Draw(FitScreen(Lines(), screen->size()));
//   while (screen->Wait(std::chrono::milliseconds(500)));
//   return screen->exit_code();
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/interrupts.h"
#include "cli/terminal.h"

namespace trainyard::cli {

class LiveScreen {
 public:
  // Clears standard output, which is a terminal. The cursor is never hidden and no mode is set, so
  // that no end, also by kill -9, leaves a terminal behind that has to be reset.
  static Result<std::unique_ptr<LiveScreen>> Start();
  // Leaves the cursor at the beginning of the line below the last picture.
  ~LiveScreen();
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  ScreenSize size() const;  // now: people resize their windows
  void Draw(std::span<const std::string> lines);
  // False: it is over, after Ctrl-C or because nobody reads any more.
  bool Wait(std::chrono::milliseconds time);
  int exit_code() const { return is_interrupted_ ? 130 : 1; }

 private:
  explicit LiveScreen(std::unique_ptr<Interrupts> interrupts);

  std::unique_ptr<Interrupts> interrupts_;
  bool is_interrupted_ = false;
};

// One picture over the one before it. Pure.
std::string FormatPicture(std::span<const std::string> lines);

// As many of the lines as the screen has rows for, one being left to the cursor; the last says how
// many are missing. Pure.
std::vector<std::string> FitRows(std::vector<std::string> lines, ScreenSize screen);

}  // namespace trainyard::cli
