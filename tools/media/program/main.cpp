// Decodes one file for Facet, which trusts neither the file nor this program: tools/media/protocol.h.

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <new>
#include <string_view>
#include <system_error>

#include "tools/media/program/answer.h"
#include "tools/media/program/confine.h"
#include "tools/media/program/decoder.h"
#include "tools/media/program/facts.h"
#include "tools/media/program/file_bytes.h"
#include "tools/media/program/frames.h"
#include "tools/media/program/picture.h"
#include "tools/media/program/sound.h"

namespace facet::tools::media {
namespace {

constexpr int kWrongUsage = 2;

struct Job {
  std::string_view task;
  std::uint64_t argument = 0;
  Limits limits;
};

bool read_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool read_job(int argc, char** argv, Job& job) {
  if (argc != 5) return false;
  job.task = argv[1];
  return read_number(argv[2], job.argument) && read_number(argv[3], job.limits.memory_bytes) &&
         read_number(argv[4], job.limits.cpu_seconds);
}

[[noreturn]] void answer_confinement(bool is_alone_in_network) {
  ConfinementMessage tried = try_forbidden();
  tried.is_alone_in_network = is_alone_in_network ? 1 : 0;
  send(tried);
  end(/*is_damaged=*/false);
}

void run(const Job& job) {
  // The system gives the size while it still may be asked.
  struct stat status {};
  if (fstat(kFileDescriptor, &status) != 0) return;
  const bool is_alone_in_network = confine(job.limits);
  count_complaints();
  const FileBytes file(status.st_size > 0 ? static_cast<std::uint64_t>(status.st_size) : 0);
  if (job.task == "describe") answer_facts(file);
  if (job.task == "picture") answer_picture(file);
  if (job.task == "sound") answer_sound(file, job.argument);
  if (job.task == "frames" && job.argument > 0) answer_frames(file, static_cast<std::uint32_t>(job.argument));
  if (job.task == "confinement") answer_confinement(is_alone_in_network);
}

}  // namespace
}  // namespace facet::tools::media

int main(int argc, char** argv) {
  using namespace facet::tools::media;
  Job job;
  if (!read_job(argc, argv, job)) {
    constexpr std::string_view kUsage = "facet-media decodes files for Facet, which starts it; call facet instead.\n";
    return write(STDERR_FILENO, kUsage.data(), kUsage.size()) < 0 ? kWrongUsage + 1 : kWrongUsage;
  }
  try {
    run(job);
  } catch (const std::bad_alloc&) {
    fail(Failure::OutOfMemory);
  }
  return kWrongUsage;
}
