// The informer against a real API server, the one of KUBECONFIG: not part of the unit tests.
//
//   test/cluster/cluster.sh up --control-plane-only
//   KUBECONFIG=... [TRAINYARD_RESTART_COMMAND='...'] build/release/test/kube_watch_check
//
// One thread makes, changes and deletes ConfigMaps while informers follow, by a streaming list and
// by pages; in the middle the command, if there is one, restarts the API server. At the end each
// copy has to be what a list says. Prints what an event costs. Makes a namespace and deletes it.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <time.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>

#include "kube/client.h"
#include "kube/informer.h"

namespace trainyard::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Resource kConfigMaps{.plural = "configmaps"};
constexpr int kObjects = 2'000;
constexpr int kWritesInFlight = 8;

struct View {
  uint64_t version = 0;
  std::string value{};
};

double CpuSeconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double ResidentMiB() {
  std::ifstream statm("/proc/self/statm");
  size_t size = 0;
  size_t resident = 0;
  statm >> size >> resident;
  return static_cast<double>(resident) * 4096 / (1 << 20);
}

class WatchCheck : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto config = LoadConfig();
    ASSERT_TRUE(config.ok()) << config.status();
    auto client = Client::Create(*config);
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
    name_space_ = fmt::format(
        "watch-check-{}", std::chrono::system_clock::now().time_since_epoch() / milliseconds(1));
    const Json wanted = {{"metadata", {{"name", name_space_}}}};
    const auto made = client_->Create(kNamespaces, "", wanted);
    ASSERT_TRUE(made.ok()) << made.status();
  }
  void TearDown() override {
    if (client_ != nullptr) (void)client_->Delete(kNamespaces, "", name_space_);
  }

  // `request` of each number below kObjects, a few at a time so that little of them is in memory.
  // Repeats what fails because the API server is away.
  void SendAll(const char* what, const std::function<ApiRequest(int)>& request) {
    const auto start = std::chrono::steady_clock::now();
    constexpr int kChunk = 100;
    for (int first = 0; first < kObjects; first += kChunk) {
      std::vector<ApiRequest> requests;
      for (int i = first; i < first + kChunk; ++i) requests.push_back(request(i));
      auto results = client_->SendAll(requests, kWritesInFlight);
      for (size_t i = 0; i < requests.size(); ++i) Insist(requests[i], std::move(results[i]));
    }
    fmt::print("{}: {:.1f} s\n", what,
               std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  void Insist(const ApiRequest& request, Result<std::string> result) {
    const auto end = std::chrono::steady_clock::now() + seconds(60);
    while (result.status().code() == StatusCode::kUnavailable &&
           std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(milliseconds(100));
      result = client_->Send(request);
    }
    const StatusCode code = result.status().code();
    // It had been done, and the answer was lost.
    const bool is_fine = result.ok() || code == StatusCode::kAlreadyExists ||
                         (code == StatusCode::kNotFound && request.method == "DELETE");
    EXPECT_TRUE(is_fine) << result.status();
  }
  static std::string NameOf(int i) { return fmt::format("m-{:04}", i); }
  static Json ConfigMap(int i) {
    return {{"metadata", {{"name", NameOf(i)}, {"labels", {{"app", "watch-check"}}}}},
            {"data", {{"value", std::to_string(i)}, {"ballast", std::string(2'000, 'x')}}}};
  }
  ApiRequest ToCreate(int i) const { return CreateRequest(kConfigMaps, name_space_, ConfigMap(i)); }
  ApiRequest ToChange(int i) const {
    return PatchRequest(kConfigMaps, name_space_, NameOf(i), PatchType::kMerge,
                        {{"data", {{"value", fmt::format("changed-{}", i)}}}});
  }
  void Write() {
    SendAll("created", [&](int i) { return ToCreate(i); });
    Restart();
    SendAll("changed", [&](int i) { return ToChange(i); });
    Restart();
    SendAll("half deleted, half changed", [&](int i) {
      return i % 2 == 0 ? DeleteRequest(kConfigMaps, name_space_, NameOf(i)) : ToChange(i);
    });
  }
  static void Restart() {
    const char* command = std::getenv("TRAINYARD_RESTART_COMMAND");
    if (command == nullptr) return;
    fmt::print("restarting the API server\n");
    EXPECT_EQ(std::system(command), 0);
  }

  std::unique_ptr<Client> client_;
  std::string name_space_;
};

class Copy {
 public:
  Copy(Api* api, TimerQueue* timers, ReflectorOptions options)
      : informer_(api, timers, std::move(options),
                  {.project =
                       [](const Json& object) {
                         return View{.version = ResourceVersion(object),
                                     .value = GetString(object, {"data", "value"})};
                       },
                   .on_change = [this](const auto&, const auto&, const auto&) { ++changes_; },
                   .on_trouble =
                       [this](const Status& status) {
                         ++troubles_;
                         fmt::print("  trouble: {}\n", status.message());
                       }}) {}
  Informer<View>& informer() { return informer_; }
  int changes() const { return changes_; }
  int troubles() const { return troubles_; }
  bool IsSameAs(const Json& list) const {
    if (GetList(list, {"items"}).size() != informer_.size()) return false;
    for (const Json& object : GetList(list, {"items"})) {
      const auto view = informer_.Get(Key(object));
      if (view == nullptr || view->version != ResourceVersion(object)) return false;
    }
    return true;
  }

 private:
  std::atomic<int> changes_{0};
  std::atomic<int> troubles_{0};
  Informer<View> informer_;
};

TEST_F(WatchCheck, CopiesFollowThroughRestarts) {
  const auto timers = TimerQueue::Start();
  Copy streamed(
      client_.get(), timers.get(),
      {.resource = kConfigMaps, .name_space = name_space_, .label_selector = "app=watch-check"});
  Copy paged(client_.get(), timers.get(),
             {.resource = kConfigMaps,
              .name_space = name_space_,
              .label_selector = "app=watch-check",
              .streaming_list = false});
  Copy metadata(client_.get(), timers.get(),
                {.resource = kConfigMaps,
                 .name_space = name_space_,
                 .label_selector = "app=watch-check",
                 .metadata_only = true});
  const std::vector<Copy*> copies = {&streamed, &paged, &metadata};
  for (Copy* copy : copies) ASSERT_TRUE(copy->informer().WaitUntilSynced(seconds(30)).ok());
  const double idle_mib = ResidentMiB();

  double writer_cpu = 0;
  const double start_cpu = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
  std::thread writer([&] {
    Write();
    writer_cpu = CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
  });
  writer.join();
  const auto written_at = std::chrono::steady_clock::now();
  const Json list =
      client_->List(kConfigMaps, name_space_, {{"labelSelector", "app=watch-check"}}).value();
  EXPECT_EQ(GetList(list, {"items"}).size(), static_cast<size_t>(kObjects / 2));
  const auto end = std::chrono::steady_clock::now() + seconds(90);
  for (Copy* copy : copies) {
    while (!copy->IsSameAs(list) && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(milliseconds(20));
    }
    EXPECT_TRUE(copy->IsSameAs(list)) << copy->informer().size();
  }
  fmt::print("all copies are current {:.1f} s later\n",
             std::chrono::duration<double>(std::chrono::steady_clock::now() - written_at).count());
  const int changes = streamed.changes() + paged.changes() + metadata.changes();
  // The writes are in it, as the client's thread sends them and reads all answers.
  fmt::print("{} writes, {} changes told; {:.0f} us CPU of the process for each of both\n",
             kObjects * 3, changes,
             (CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - start_cpu) * 1e6 / (changes + kObjects * 3));
  fmt::print("{:.1f} MiB before, {:.1f} MiB now\n", idle_mib, ResidentMiB());
}

// What a first list and the events after it cost when nothing else happens in the process.
TEST_F(WatchCheck, WhatListsAndEventsCost) {
  SendAll("created", [&](int i) { return ToCreate(i); });
  for (const bool streaming : {true, false}) {
    const auto timers = TimerQueue::Start();
    const double before = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
    const double mib = ResidentMiB();
    Copy copy(client_.get(), timers.get(),
              {.resource = kConfigMaps, .name_space = name_space_, .streaming_list = streaming});
    ASSERT_TRUE(copy.informer().WaitUntilSynced(seconds(30)).ok());
    fmt::print("{}: {} objects, {:.1f} us CPU each, {:+.1f} MiB\n",
               streaming ? "streaming list" : "pages", copy.informer().size(),
               (CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - before) * 1e6 / kObjects,
               ResidentMiB() - mib);
    EXPECT_GE(copy.informer().size(), static_cast<size_t>(kObjects));
    EXPECT_EQ(copy.troubles(), 0);
  }
}

}  // namespace
}  // namespace trainyard::kube
