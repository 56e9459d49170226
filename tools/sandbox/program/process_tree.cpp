#include "tools/sandbox/program/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

#include "tools/sandbox/program/failure.h"

namespace facet::tools::sandbox {
namespace {

std::string text_of(pid_t process, const char* file) {
  const std::string path = "/proc/" + std::to_string(process) + "/" + file;
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return {};
  char text[4096];
  const ssize_t length = read(descriptor, text, sizeof text);
  close(descriptor);
  return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : std::string();
}

std::uint64_t number_at(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t'))
    ++at;
  std::uint64_t number = 0;
  std::from_chars(text.data() + std::min(at, text.size()), text.data() + text.size(), number);
  return number;
}

// "Name:  12 kB" of a file of such lines, in bytes.
std::uint64_t bytes_in(const std::string& text, std::string_view name) {
  const std::size_t at = text.find(name);
  return at == std::string::npos ? 0 : number_at(text, at + name.size()) * 1024;
}

pid_t parent_of(pid_t process) {
  const std::string text = text_of(process, "stat");
  // Behind the name, which is in brackets and may hold anything: the state and the parent.
  const std::size_t end = text.rfind(')');
  return end == std::string::npos ? 0 : static_cast<pid_t>(number_at(text, end + 4));
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> processes;
  DIR* const folder = opendir("/proc");
  if (folder == nullptr) return processes;
  while (const dirent* entry = readdir(folder)) {
    pid_t process = 0;
    const char* const end = entry->d_name + std::strlen(entry->d_name);
    const auto [stop, error] = std::from_chars(entry->d_name, end, process);
    if (error == std::errc() && stop == end && process != getpid()) processes.push_back(process);
  }
  closedir(folder);
  return processes;
}

}  // namespace

std::vector<pid_t> processes_in(Reach reach) {
  std::vector<pid_t> processes = all_processes();
  if (reach == Reach::Namespace) return processes;
  std::multimap<pid_t, pid_t> children;
  for (const pid_t process : processes)
    children.emplace(parent_of(process), process);
  std::vector<pid_t> found = {getpid()};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [first, last] = children.equal_range(found[i]);
    for (auto child = first; child != last; ++child)
      found.push_back(child->second);
  }
  found.erase(found.begin());
  return found;
}

std::uint64_t memory_of(const std::vector<pid_t>& processes, std::uint64_t enough) {
  std::uint64_t sum = 0;
  for (const pid_t process : processes) {
    const std::string status = text_of(process, "status");
    sum += bytes_in(status, "RssAnon:") + bytes_in(status, "RssShmem:");
  }
  if (sum <= enough) return sum;
  // Children share the pages of their parents, which takes longer to find out.
  std::uint64_t shared_once = 0;
  for (const pid_t process : processes) {
    const std::string status = text_of(process, "smaps_rollup");
    shared_once += bytes_in(status, "Pss_Anon:") + bytes_in(status, "Pss_Shmem:");
  }
  return shared_once;
}

}  // namespace facet::tools::sandbox
