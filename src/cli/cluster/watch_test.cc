// `jobs --watch` in a process of its own, on a terminal and elsewhere.
#include "cli/cluster/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <csignal>
#include <functional>
#include <thread>

#include "cli/testing/cluster_world.h"
#include "cli/testing/terminal_model.h"

namespace trainyard::cli {
namespace {

using operators::testing::Pod;
using operators::testing::Running;
using testing::ClusterWorld;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::TerminalModel;
using testing::Waiting;

// What the watching process does; each byte from `commands` is a change in its cluster.
[[noreturn]] void WatchAWorld(int commands) {
  ClusterWorld world;
  world.api().SetLog("team", "mnist-worker-0", "2026-11-25T21:00:03Z step 840 loss 0.1\n");
  world.Add(Running(Pod("chief", 0)));
  world.Add(Waiting(Pod("worker", 0), "ImagePullBackOff",
                    "Back-off pulling image \"registry.example.com/somewhere/digits:1\""));
  const std::thread changes([&] {
    char command = 0;
    while (read(commands, &command, 1) == 1) {
      if (command == 'r') world.Set(Running(Pod("worker", 0)));
      if (command == 's') world.SetCondition("Succeeded");
    }
  });
  const int exit_code = WatchCluster(world.cluster(), {});
  std::fflush(stdout);
  _exit(exit_code);  // with all its threads
}

class WatchTest : public ::testing::Test {
 protected:
  ~WatchTest() override {
    if (pid_ > 0 && !has_ended_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    for (const int fd : {output_, commands_}) {
      if (fd >= 0) close(fd);
    }
  }

  // Begins to watch on a terminal of this size.
  void StartOnTerminal(int columns, int rows, const char* kind = "xterm") {
    screen_.Resize(columns, rows);
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    winsize size = SizeOf(columns, rows);
    std::fflush(stdout);  // what is written twice otherwise
    pid_ = forkpty(&output_, nullptr, nullptr, &size);
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) {
      close(ends[1]);
      setenv("TERM", kind, 1);
      unsetenv("NO_COLOR");
      WatchAWorld(ends[0]);
    }
    close(ends[0]);
    commands_ = ends[1];
  }

  void StartOnPipe() {
    int commands[2];
    int output[2];
    ASSERT_EQ(pipe(commands), 0);
    ASSERT_EQ(pipe(output), 0);
    std::fflush(stdout);
    pid_ = fork();
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) {
      dup2(output[1], STDOUT_FILENO);
      close(commands[1]);
      WatchAWorld(commands[0]);
    }
    close(commands[0]);
    close(output[1]);
    commands_ = commands[1];
    output_ = output[0];
  }

  void Change(char command) { ASSERT_EQ(write(commands_, &command, 1), 1); }
  void Type(const std::string& keys) {
    ASSERT_EQ(write(output_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  void Resize(int columns, int rows) {
    const winsize size = SizeOf(columns, rows);
    ASSERT_EQ(ioctl(output_, TIOCSWINSZ, &size), 0);
    screen_.Resize(columns, rows);
  }

  // False if it does not come true in time, or the process ends before.
  bool Eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline || !Read()) return condition();
    }
    return true;
  }

  // Whether whole pictures of this size fit. Of one that was drawn just before the window was
  // resized nobody can say that.
  void ExpectPicturesFit() {
    const int wrapped = screen_.wrapped();
    const int scrolled = screen_.scrolled();
    const int wanted = NumPictures() + 2;
    EXPECT_TRUE(Eventually([&] { return NumPictures() >= wanted; }));
    EXPECT_EQ(screen_.wrapped(), wrapped) << Screen();
    EXPECT_EQ(screen_.scrolled(), scrolled) << Screen();
  }

  // The exit code; -1 if the process ended otherwise.
  int WaitForEnd() {
    while (Read()) {
    }
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    has_ended_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string Screen() const { return fmt::format("{}\n", fmt::join(screen_.rows(), "\n")); }

  TerminalModel screen_{80, 24};
  std::string raw_;  // all that was written

 private:
  static winsize SizeOf(int columns, int rows) {
    winsize size{};
    size.ws_col = static_cast<unsigned short>(columns);
    size.ws_row = static_cast<unsigned short>(rows);
    return size;
  }

  int NumPictures() const {
    int count = 0;
    for (size_t at = raw_.find("\x1b[H"); at != std::string::npos;
         at = raw_.find("\x1b[H", at + 1)) {
      ++count;
    }
    return count;
  }

  // False at the end of what the process writes.
  bool Read() {
    pollfd waiting{.fd = output_, .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, 100) == 0) return true;
    char buffer[4096];
    const ssize_t count = read(output_, buffer, sizeof(buffer));
    if (count <= 0) return false;  // a terminal whose last user is gone says EIO
    raw_.append(buffer, static_cast<size_t>(count));
    screen_.Feed(std::string_view(buffer, static_cast<size_t>(count)));
    return true;
  }

  pid_t pid_ = -1;
  int output_ = -1;  // of the process; on a terminal also its keyboard
  int commands_ = -1;
  bool has_ended_ = false;
};

TEST_F(WatchTest, RedrawsATerminalInPlace) {
  StartOnTerminal(100, 24);
  ASSERT_TRUE(Eventually([&] { return Screen().find("ImagePullBackOff") != std::string::npos; }));
  EXPECT_THAT(screen_.row(0), StartsWith("NAME    STATE     REPLICAS"));
  EXPECT_THAT(screen_.row(1), StartsWith("mnist   Running   1/3"));
  EXPECT_THAT(Screen(), HasSubstr("worker-0   waiting"));
  Change('r');
  ASSERT_TRUE(Eventually([&] { return Screen().find("step 840") != std::string::npos; }));
  EXPECT_THAT(screen_.row(1), StartsWith("mnist   Running   2/3"));
  EXPECT_THAT(screen_.row(4), StartsWith("  worker-0   running"));
  EXPECT_THAT(Screen(), Not(HasSubstr("Back-off"))) << "nothing of the picture before is left";
  EXPECT_EQ(screen_.rows().size(), 5u) << Screen();
  // A job that has ended shows no replicas: what was below is erased.
  Change('s');
  ASSERT_TRUE(Eventually([&] { return screen_.rows().size() == 2; })) << Screen();
  EXPECT_THAT(screen_.row(1), StartsWith("mnist   Succeeded"));
  EXPECT_EQ(screen_.scrolled(), 0);
  EXPECT_EQ(screen_.clears(), 1) << "only in the beginning: it would flicker";
  EXPECT_EQ(screen_.unknown(), "");
}

TEST_F(WatchTest, CtrlCLeavesTheTerminalInOrder) {
  StartOnTerminal(100, 24);
  ASSERT_TRUE(Eventually([&] { return Screen().find("ImagePullBackOff") != std::string::npos; }));
  Type("\x03");
  EXPECT_EQ(WaitForEnd(), 130);
  EXPECT_TRUE(screen_.is_cursor_visible());
  EXPECT_TRUE(screen_.is_plain());
  EXPECT_EQ(screen_.cursor_row(), 5u) << "below the picture\n" << Screen();
  EXPECT_EQ(screen_.cursor_column(), 0u);
  EXPECT_EQ(screen_.row(5), "") << "not even the ^C that was typed";
  EXPECT_THAT(screen_.row(0), StartsWith("NAME")) << "the last picture stays";
}

TEST_F(WatchTest, FitsAndFollowsTheWindow) {
  StartOnTerminal(120, 24);
  ASSERT_TRUE(Eventually([&] { return Screen().find("digits:1\"") != std::string::npos; }));
  Resize(40, 24);
  ASSERT_TRUE(Eventually([&] { return screen_.row(4).ends_with("…"); })) << Screen();
  EXPECT_THAT(screen_.row(4), StartsWith("  worker-0   waiting"));
  ExpectPicturesFit();
  Resize(30, 4);
  ASSERT_TRUE(Eventually([&] { return screen_.row(2) == "... and 3 more lines"; })) << Screen();
  EXPECT_EQ(screen_.rows().size(), 3u) << Screen();
  ExpectPicturesFit();
  Resize(120, 24);
  ASSERT_TRUE(Eventually([&] { return Screen().find("digits:1\"") != std::string::npos; }));
}

TEST_F(WatchTest, ElsewhereItPrintsNewsWithoutEscapeCodes) {
  StartOnPipe();
  ASSERT_TRUE(Eventually([&] { return raw_.find("worker-0: waiting\n") != std::string::npos; }));
  Change('r');
  ASSERT_TRUE(Eventually([&] { return raw_.find("worker-0: running\n") != std::string::npos; }));
  EXPECT_EQ(raw_,
            "team/mnist: Running\n"
            "team/mnist chief-0: running\n"
            "team/mnist ps-0: \n"
            "team/mnist worker-0: waiting\n"
            "team/mnist worker-0: running\n");
}

TEST_F(WatchTest, ATerminalThatKnowsNoEscapeCodesGetsNone) {
  StartOnTerminal(80, 24, "dumb");
  ASSERT_TRUE(Eventually([&] { return raw_.find("worker-0: waiting") != std::string::npos; }));
  EXPECT_EQ(raw_.find('\x1b'), std::string::npos) << raw_;
}

}  // namespace
}  // namespace trainyard::cli
