// A cluster in memory, for tests of what talks to one: it answers as an API server does
// (fake_objects.h says how faithfully), remembers every request, and misbehaves on demand.
//
//   FakeApi api;
//   api.outsider().Create(kPods, "team", pod);     // somebody else's write: never fails, not
//   recorded api.KillAfterWrites(3);                        // the process under test dies after
//   its 3rd write api.Hold(kPods);                               // its cache of pods is stale from
//   now on
//
// Lists come in pages, watches send bookmarks only when told to. Watches of all collections are
// served by one thread, in order. Thread-safe. Destroy what uses it first.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "kube/api.h"
#include "kube/testing/fake_objects.h"

namespace trainyard::kube::testing {

// Which requests are answered otherwise, and how. Of several the first that fits.
struct FakeFault {
  std::string method{};     // "POST"; also LIST and WATCH, which GET means too; empty: any
  std::string path_part{};  // some of "path?query"; empty: any
  int code = 500;           // 0: the connection is lost
  std::string reason = "InternalError";
  int times = 1;              // -1: always
  bool is_performed = false;  // the server does it; only its answer is lost
};

class FakeApi : public Api {
 public:
  FakeApi();
  ~FakeApi() override;

  Result<std::string> Send(const ApiRequest& request) override;
  // One after the other, so that faults hit a known one.
  std::vector<Result<std::string>> SendAll(std::span<const ApiRequest> requests,
                                           int max_in_flight) override;
  std::unique_ptr<ApiStream> Open(const ApiRequest& request, std::chrono::milliseconds idle_timeout,
                                  LineHandler handler) override;

  // The same cluster for users, kubelets and other controllers. No faults, not recorded.
  Api& outsider() { return *outsider_; }

  // ---- What was asked (not the outsider's) ----
  std::vector<ApiRequest> requests() const;
  int write_count() const;  // requests other than GET, whatever came of them
  void ForgetRequests();
  // Called before each request is handled, in its thread and without a lock: the place to do
  // something between two calls.
  void SetBeforeRequest(std::function<void(const ApiRequest&)> function);

  // ---- Faults of requests ----
  void Fail(FakeFault fault);
  void StopFailing();
  // After so many more writes every call fails with Unavailable and watches fall silent, until
  // Revive(). `is_answer_lost`: so does the last of these writes, though it was done.
  void KillAfterWrites(int writes, bool is_answer_lost = false);
  // A new process starts: the old one's objects must have been destroyed.
  void Revive();
  bool is_killed() const;

  // ---- Faults of watches; of a resource or, for an empty one, of all ----
  // Nothing is delivered any more, but the next `let_through` lines of each watch.
  void Hold(const Resource& resource, int let_through = 0);
  void Release(const Resource& resource);
  void CutWatches(const Resource& resource, const Status& status = OkStatus());
  void ExpireWatches(const Resource& resource);  // they end with 410 inside of the stream
  void SendBookmarks(const Resource& resource);
  void SendLine(const Resource& resource, const std::string& line);
  // Forgets the history: watches from before are answered 410, and tokens of pages are no good.
  void Compact();
  void OfferStreamingList(bool is_offered);
  void SetPageLimit(size_t objects);  // however many are asked for; 0: as asked

  // ---- The cluster ----
  uint64_t version() const;
  std::vector<FakeObject> objects(const Resource& resource) const;
  int CollectGarbage();
  // What a pod's containers have printed, or printed in the instance before this one. Followed, it
  // ends with what is there.
  void SetLog(const std::string& name_space, const std::string& pod, const std::string& text,
              bool is_previous = false);
  // The namespace is being deleted: creates in it are refused as an API server refuses them. What
  // is in it stays, for the test to delete in the order it likes.
  void EndNamespace(const std::string& name_space);
  int watch_count(const Resource& resource) const;
  // False if not everything that is not held was delivered in time.
  bool WaitUntilDelivered(std::chrono::milliseconds timeout) const;

 private:
  struct Stream;
  class StreamHandle;
  class Outsider;
  struct Answer {
    int code = 200;  // 0: the connection is lost
    std::string body{};
  };
  struct Page {
    std::vector<FakeObject> rest{};
    uint64_t version = 0;
  };

  Result<std::string> Finish(const ApiRequest& request, const Answer& answer) const;
  // With the lock.
  Answer AnswerWithFaults(const ApiRequest& request);
  Answer AnswerTo(const ApiRequest& request);
  Answer AnswerLog(const FakePath& path, const ApiRequest& request) const;
  Answer RefuseCreate(const FakePath& path, const ApiRequest& request) const;
  Answer AnswerList(const FakePath& path, const ApiRequest& request);
  const FakeFault* TakeFault(const ApiRequest& request);
  void StartWatch(const ApiRequest& request, Stream* stream);
  // Queues the lines of changes that the stream has not seen.
  void QueueChanges(Stream* stream);
  bool is_held(const Stream& stream) const;
  bool HasWork(const Stream& stream) const;
  std::vector<Stream*> StreamsOf(const Resource& resource);
  void Deliver();
  bool DeliverOne(Stream* stream, std::unique_lock<std::mutex>* lock);

  std::unique_ptr<Api> outsider_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  // Guarded by mutex_.
  FakeObjects objects_;
  std::vector<ApiRequest> requests_;
  int write_count_ = 0;
  std::function<void(const ApiRequest&)> before_request_;
  std::deque<FakeFault> faults_;
  FakeFault taken_fault_;
  int writes_to_live_ = -1;  // -1: no end in sight
  bool is_last_answer_lost_ = false;
  bool is_killed_ = false;
  std::map<std::string, int> held_;  // by collection; "" is all of them; how many may still pass
  std::map<std::string, Page> pages_;
  uint64_t last_page_ = 0;
  size_t page_limit_ = 0;
  uint64_t compacted_ = 0;
  bool is_streaming_list_offered_ = true;
  std::set<std::string> ending_namespaces_;
  std::map<std::pair<std::string, bool>, std::string> logs_;  // by "namespace/pod", and is_previous
  std::vector<std::shared_ptr<Stream>> streams_;
  bool is_stopping_ = false;

  std::thread thread_;  // last: uses all of the above
};

}  // namespace trainyard::kube::testing
