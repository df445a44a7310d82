#include "collective/group.h"

#include <gloo/allreduce.h>
#include <gloo/barrier.h>
#include <gloo/broadcast.h>
#include <gloo/math.h>
#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/store.h>
#include <gloo/transport/tcp/device.h>

#include <atomic>

#include "collective/internal/gathering.h"
#include "collective/internal/socket.h"

namespace trainyard::collective {
namespace {

constexpr std::chrono::milliseconds kConnectTimeout{10'000};

// What Gloo throws, in one line.
Status Lost(const std::exception& error) {
  const std::string_view text = error.what();
  return UnavailableError("a member of the group is lost: {}", text.substr(0, text.find('\n')));
}

// Gloo's members tell each other where they listen through a store of keys and values: each sets
// its rank ("2") once, then gets those of all. So that `set` is where they meet. Before, they tell
// the names of their hosts ("rank_2"), which other transports than TCP use: for us all are the
// same.
class MeetingStore : public gloo::rendezvous::Store {
 public:
  explicit MeetingStore(const Meeting& meeting) : meeting_(meeting) {}

  void set(const std::string& key, const std::vector<char>& data) override {
    if (IsHost(key)) {
      host_ = data;
      return;
    }
    auto messages = Gather(meeting_, std::string(data.begin(), data.end()));
    if (messages.ok()) {
      messages_ = std::move(*messages);
    } else {
      status_ = messages.error();
      throw std::runtime_error(status_.message());
    }
  }
  std::vector<char> get(const std::string& key) override {
    if (IsHost(key)) return host_;
    const std::string& message = messages_.at(std::stoul(key));
    return {message.begin(), message.end()};
  }
  void wait(const std::vector<std::string>& /*keys*/) override {}
  void wait(const std::vector<std::string>& /*keys*/,
            const std::chrono::milliseconds& /*timeout*/) override {}

  const Status& status() const { return status_; }

 private:
  static bool IsHost(const std::string& key) { return key.starts_with("rank_"); }

  const Meeting meeting_;
  Status status_;
  std::vector<char> host_;
  std::vector<std::string> messages_;
};

// A group of one exchanges nothing.
class Alone : public Group {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  Status AllReduceMean(std::span<float> /*values*/) override { return OkStatus(); }
  Status Broadcast(std::span<char> /*bytes*/, int /*root*/) override { return OkStatus(); }
  Status Barrier() override { return OkStatus(); }
  void Interrupt() override {}
};

class GlooGroup : public Group {
 public:
  explicit GlooGroup(std::shared_ptr<gloo::rendezvous::Context> context)
      : context_(std::move(context)) {}

  int rank() const override { return context_->rank; }
  int size() const override { return context_->size; }

  Status AllReduceMean(std::span<float> values) override {
    if (values.empty()) return OkStatus();
    return Exchange([&] {
      gloo::AllreduceOptions options(context_);
      options.setOutput(values.data(), values.size());
      options.setReduceFunction([](void* sum, const void* a, const void* b, size_t count) {
        gloo::sum<float>(sum, a, b, count);
      });
      options.setTag(next_tag_++);
      gloo::allreduce(options);
      const float scale = 1.0f / static_cast<float>(context_->size);
      for (float& value : values) value *= scale;
    });
  }

  Status Broadcast(std::span<char> bytes, int root) override {
    if (bytes.empty()) return OkStatus();
    return Exchange([&] {
      gloo::BroadcastOptions options(context_);
      options.setOutput(bytes.data(), bytes.size());
      options.setRoot(root);
      options.setTag(next_tag_++);
      gloo::broadcast(options);
    });
  }

  Status Barrier() override {
    return Exchange([&] {
      gloo::BarrierOptions options(context_);
      options.setTag(next_tag_++);
      gloo::barrier(options);
    });
  }

  void Interrupt() override {
    interrupted_ = true;
    // Gloo has no call for this. But where one wait of a group runs out of time, it fails all that
    // is under way in the group: so here is one, for something that nobody sends.
    try {
      char byte = 0;
      context_->createUnboundBuffer(&byte, sizeof byte)->waitRecv(std::chrono::milliseconds(1));
    } catch (const std::exception&) {  // what it is for
    }
  }

 private:
  template <class Function>
  Status Exchange(Function function) {
    if (!status_.ok()) return status_;
    try {
      function();
    } catch (const std::exception& error) {
      status_ = interrupted_ ? CancelledError("the exchange was interrupted") : Lost(error);
    }
    return status_;
  }

  const std::shared_ptr<gloo::rendezvous::Context> context_;
  std::atomic<bool> interrupted_{false};
  uint32_t next_tag_ = 0;
  Status status_;  // of the first exchange that failed
};

Status Check(const GroupOptions& options) {
  if (options.rank < 0 || static_cast<size_t>(options.rank) >= options.addresses.size()) {
    return InvalidArgumentError("member {} of a group of {}", options.rank,
                                options.addresses.size());
  }
  for (const std::string& address : options.addresses) {
    RETURN_IF_ERROR(SplitAddress(address).status());
  }
  return OkStatus();
}

}  // namespace

Result<std::unique_ptr<Group>> Group::Join(const GroupOptions& options) {
  const std::string attempt = fmt::format("cannot join group {}", options.name);
  RETURN_IF_ERROR(Check(options).WithContext(attempt));
  const auto own = static_cast<size_t>(options.rank);
  const auto size = static_cast<int>(options.addresses.size());
  if (size == 1) return std::unique_ptr<Group>(std::make_unique<Alone>());
  MeetingStore store({.group = options.name,
                      .address = options.addresses[0],
                      .rank = options.rank,
                      .size = size,
                      .timeout = options.join_timeout});
  try {
    gloo::transport::tcp::attr at;
    at.hostname = SplitAddress(options.addresses[own])->first;
    auto device = gloo::transport::tcp::CreateDevice(at);
    auto context = std::make_shared<gloo::rendezvous::Context>(options.rank, size);
    // All have been there a moment ago; one that is lost right now must not be waited for longer.
    context->setTimeout(std::min(options.timeout, kConnectTimeout));
    context->connectFullMesh(store, device);
    context->setTimeout(options.timeout);
    return std::unique_ptr<Group>(std::make_unique<GlooGroup>(std::move(context)));
  } catch (const std::exception& error) {
    const Status status = store.status().ok() ? Lost(error) : store.status();
    return status.WithContext(attempt);
  }
}

}  // namespace trainyard::collective
