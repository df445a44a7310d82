// Running a graph: in this process, or through a server of a cluster.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "tf/graph.h"
#include "tf/tensor.h"

struct TF_Buffer;
struct TF_Session;

namespace trainyard::tf {

// For inter_op_threads: each run happens in the thread that asks for it, without a hand-over to a
// pool. Best where many small runs go on at once.
inline constexpr int kCallerThread = -1;
// The same, but for runs with a limit of their own in a session made interruptible: those use the
// process's pool, so that the limit can end them.
inline constexpr int kCallerThreadOrPool = -2;

// What ConfigProto offers, as far as we use it. Thread pools are shared by the whole process and
// sized by the first session or server it makes.
struct SessionConfig {
  int intra_op_threads = 0;  // threads inside one operation; 0 = one per core
  int inter_op_threads = 0;  // operations at the same time; 0 = one per core, or one of the above
  // Whether a thread without work looks for some for a while before it sleeps. That answers sooner
  // where cores are idle, and takes them from others where processes share them.
  bool spinning = false;
  // Only these tasks are contacted ("/job:ps"); empty: all of the cluster. A session waits for
  // every task it may contact, so a distributed session without filters hangs on the first absent
  // one.
  std::vector<std::string> device_filters;
  // Convolutions and matrix products in bfloat16, variables and the rest in float32.
  bool bfloat16 = false;
  // Grappler's remapper; must be off for bfloat16 through a server, which otherwise refuses the
  // rewritten graph.
  bool remapping = true;
  // How long a call to a server in another process may take: creating the session, a run, closing
  // it. DeadlineExceeded then; also if nobody is there, since TensorFlow waits for a server that it
  // cannot reach. 0: for ever. In this process, and through its own server, it is no limit that
  // could be relied on: what hangs there hangs (train/loop/watchdog.h).
  std::chrono::milliseconds call_timeout{0};
};

struct SessionOptions {
  std::string target;  // "" = in this process; else Server::target()
  SessionConfig config;
};

// The serialized ConfigProto.
std::string EncodeConfig(const SessionConfig& config);

struct Feed {
  Output output;
  const Tensor* value;  // borrowed for the call
};

// Owns one session. Run() may be called from many threads; closing waits for none of them.
//
//   ASSIGN_OR_RETURN(auto session, Session::Create(graph, {}));
//   ASSIGN_OR_RETURN(auto values, session->Run({{x, &image}}, {y}, {}));
class Session {
 public:
  // The graph must outlive the session. Unavailable if a task of the cluster does not answer.
  static Result<std::unique_ptr<Session>> Create(const Graph& graph, const SessionOptions& options);
  // `inter_op_threads`: of the SessionConfig that the session was made with.
  Session(TF_Session* owned, int inter_op_threads);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Runs what `fetches` and `targets` need and returns the fetched values in order. The error is
  // TensorFlow's, code and text.
  Result<std::vector<Tensor>> Run(std::span<const Feed> feeds, std::span<const Output> fetches,
                                  std::span<const Operation> targets);
  Result<std::vector<Tensor>> Run(std::initializer_list<Feed> feeds,
                                  std::initializer_list<Output> fetches,
                                  std::initializer_list<Operation> targets) {
    return Run(std::span(feeds.begin(), feeds.size()), std::span(fetches.begin(), fetches.size()),
               std::span(targets.begin(), targets.size()));
  }
  // The same run, with the time of every operation recorded; `run_metadata` receives the serialized
  // RunMetadata. Slower than Run.
  Result<std::vector<Tensor>> RunTraced(std::span<const Feed> feeds,
                                        std::span<const Output> fetches,
                                        std::span<const Operation> targets,
                                        std::string* run_metadata);
  // The same run, with a limit of its own in place of SessionConfig::call_timeout. TensorFlow looks
  // at the limit between the steps of a loop only, and cannot in the caller's thread: there a run
  // that takes longer is run to its end, and is no error.
  Result<std::vector<Tensor>> RunWithin(std::chrono::milliseconds limit,
                                        std::span<const Feed> feeds,
                                        std::span<const Output> fetches,
                                        std::span<const Operation> targets);
  // With kCallerThreadOrPool: whether RunWithin uses the pool, which pays where the graph has
  // loops. Before the first run.
  void set_interruptible(bool interruptible) { interruptible_ = interruptible; }
  // Runs one operation for its effect.
  Status Run(Operation target);

 private:
  Result<std::vector<Tensor>> RunWith(const TF_Buffer* options, TF_Buffer* metadata,
                                      std::span<const Feed> feeds, std::span<const Output> fetches,
                                      std::span<const Operation> targets);

  TF_Session* handle_;
  const bool has_pool_aside_;   // kCallerThreadOrPool
  bool interruptible_ = false;  // immutable after the first run
  TF_Buffer* inline_options_;   // RunOptions for the caller's thread; nullptr: as the session is
};

}  // namespace trainyard::tf
