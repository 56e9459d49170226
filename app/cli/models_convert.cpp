#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "app/cli/command.h"
#include "app/models/convert.h"

namespace facet::app::cli {

namespace {

// Set by Ctrl+C: the conversion ends at its next step and takes away what it has written.
volatile std::sig_atomic_t interrupted = 0;

void interrupt(int /*signal*/) {
  interrupted = 1;
}

// Says on a terminal how far it is, once for each percent.
class Percentage {
 public:
  void show(std::uint64_t done, std::uint64_t total) {
    const int percent = static_cast<int>(100 * static_cast<double>(done) / static_cast<double>(total));
    if (percent == shown_ || isatty(STDERR_FILENO) == 0) return;
    shown_ = percent;
    std::fprintf(stderr, "\r%3d %%", percent);
  }
  void end() const {
    if (shown_ >= 0) std::fprintf(stderr, "\r      \r");
  }

 private:
  int shown_ = -1;
};

Result<models::Converted> convert(const std::vector<std::string>& given, models::TargetType type, int threads) {
  Percentage percentage;
  std::stop_source stop;
  models::ConvertOptions options;
  options.type = type;
  options.threads = threads;
  options.stop = stop.get_token();
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    percentage.show(done, total);
    if (interrupted != 0) stop.request_stop();
  };
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
  const Result<models::Converted> converted = models::convert(given[0], given[1], options);
  percentage.end();
  return converted;
}

}  // namespace

int models_convert(const QStringList& words) {
  Arguments arguments("facet models convert",
                      "Writes a Gemma 4 model in a folder of safetensors files as one GGUF file.");
  const std::string names = models::target_type_names();
  arguments.option("type", "type", QString::fromStdString("Format of the weights: " + names + "; q8_0 when left out."));
  arguments.option("threads", "n", "Threads of the CPU; all cores when left out.");
  arguments.flag("force", "Replace a file that exists.");
  arguments.positional("folder", "Folder with config.json, tokenizer.json and safetensors files.", "DIR");
  arguments.positional("file", "The GGUF file to write.", "OUT.gguf");
  if (const auto status = arguments.parse(words)) return *status;
  const std::vector<std::string> given = arguments.positionals();
  if (given.size() != 2) return arguments.usage_error("Name a folder and the file to write.");
  const auto type = models::target_type(arguments.has("type") ? arguments.text("type") : "q8_0");
  if (!type) return arguments.usage_error("--type takes one of " + names + ", not " + arguments.text("type") + ".");
  std::error_code ignored;
  if (!arguments.has("force") && std::filesystem::exists(given[1], ignored))
    return fail({Error::Code::InvalidInput, "'" + given[1] + "' exists already; --force replaces it."});
  const auto converted = convert(given, *type, arguments.threads());
  if (!converted.ok()) return fail(converted.error());
  std::fprintf(stderr, "%s: %.1f MB, %s\n", given[1].c_str(), static_cast<double>(converted->file_bytes) / 1e6,
               converted->formats.c_str());
  return kSuccess;
}

}  // namespace facet::app::cli
