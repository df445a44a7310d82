#include "serving/metrics/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <sstream>

#include "base/files.h"

namespace trainyard::serving {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

// The numbered fields of /proc/self/stat from the third on (man 5 proc_pid_stat), that is after the
// program's name, which may hold anything.
struct SelfStat {
  int64_t threads = 0;
  int64_t start_ticks = 0;  // since the machine started
  int64_t resident_pages = 0;
};

bool ReadSelfStat(SelfStat* stat) {
  const Result<std::string> text = ReadFile("/proc/self/stat");
  if (!text.ok()) return false;
  const size_t name_end = text->rfind(')');
  if (name_end == std::string::npos) return false;
  std::istringstream fields(text->substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field <= 24 && fields; ++field) {
    if (field == 20) {
      fields >> stat->threads;
    } else if (field == 22) {
      fields >> stat->start_ticks;
    } else if (field == 24) {
      fields >> stat->resident_pages;
    } else {
      fields >> skipped;
    }
  }
  return static_cast<bool>(fields);
}

// Seconds since 1970 when the machine started; 0 if that cannot be read.
int64_t BootTime() {
  const Result<std::string> text = ReadFile("/proc/stat");
  if (!text.ok()) return 0;
  const size_t at = text->find("btime ");
  long long seconds = 0;
  if (at == std::string::npos || std::sscanf(text->c_str() + at, "btime %lld", &seconds) != 1) {
    return 0;
  }
  return seconds;
}

void AppendGauge(const char* name, const char* help, int64_t value, MetricsText* text) {
  text->Family(name, MetricType::kGauge, help);
  text->Value({}, value);
}

}  // namespace

void AppendProcessMetrics(MetricsText* text) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  text->Family("process_cpu_seconds_total", MetricType::kCounter, "Processor time used.");
  text->Value({}, Seconds(usage.ru_utime) + Seconds(usage.ru_stime));
  SelfStat stat;
  if (ReadSelfStat(&stat)) {
    AppendGauge("process_resident_memory_bytes", "Memory in use.",
                stat.resident_pages * sysconf(_SC_PAGESIZE), text);
    AppendGauge("process_threads", "Threads of the process.", stat.threads, text);
    AppendGauge("process_start_time_seconds", "When it started, in seconds since 1970.",
                BootTime() + stat.start_ticks / sysconf(_SC_CLK_TCK), text);
  }
  std::error_code error;
  std::filesystem::directory_iterator files("/proc/self/fd", error);
  if (error) return;
  const auto count = std::distance(files, std::filesystem::directory_iterator());
  AppendGauge("process_open_fds", "Open files and connections.", count, text);
}

}  // namespace trainyard::serving
