#pragma once

#include <QCommandLineParser>
#include <QStringList>
#include <optional>
#include <string>
#include <vector>

#include "app/paths.h"
#include "engine/base/result.h"
#include "engine/engine.h"

// The command line. Results go to stdout, everything else to stderr; exit status 0 on success, 2 on wrong usage, 1
// otherwise with one sentence that says what happened and what can be done.
namespace facet::app::cli {

inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;
inline constexpr int kUsage = 2;

// One subcommand's options, parsed. Wraps QCommandLineParser so that it never ends the process by itself.
class Arguments {
 public:
  // `words` is how the command is called ("facet ask"), `summary` what --help says.
  Arguments(QString words, const QString& summary);

  void option(const QString& name, const QString& value_name, const QString& description);
  // One that has a short name, too.
  void option(const QStringList& names, const QString& value_name, const QString& description);
  void flag(const QString& name, const QString& description);
  void positional(const QString& name, const QString& description, const QString& syntax = {});
  // What computes: --backend, --gpu-layers, --gpu-memory, --gpu-experts and --threads.
  void device_options();
  // In which numbers: --precision, --cache, --kernels.
  void number_options();
  // --model and the devices.
  void model_options();
  // All of these.
  void engine_options();
  void data_option();

  // Nothing when the command can go on; otherwise the exit status (help was printed, or the usage is wrong).
  std::optional<int> parse(const QStringList& arguments);

  bool has(const QString& name) const { return parser_.isSet(name); }
  std::string text(const QString& name) const { return parser_.value(name).toStdString(); }
  std::vector<std::string> texts(const QString& name) const;
  std::vector<std::string> positionals() const;

  std::string model() const;
  int threads() const;
  // What those say, but for the model.
  engine::EngineOptions engine() const;
  Result<Paths> paths() const;
  // A whole or decimal number, or an error naming the option; nothing when the option is absent.
  Result<std::optional<std::int64_t>> integer(const QString& name) const;
  Result<std::optional<double>> number(const QString& name) const;

  int usage_error(const std::string& sentence) const;

 private:
  // What was given for an option that the command may not have; empty when nothing was.
  std::string given(const QString& name) const;
  // What is wrong with --gpu-layers, --gpu-memory and --gpu-experts; empty when nothing is.
  std::string wrong_placement() const;

  QString words_;
  QCommandLineParser parser_;
};

// Prints the error's sentence to stderr and gives the exit status for it.
int fail(const Error& error);
void print(const std::string& text);

struct Command {
  const char* name;
  const char* summary;
  int (*run)(const QStringList& arguments);
};

// `arguments` are those after the program's name; the first names the command.
bool is_command_line(const QStringList& arguments);
int run(const QStringList& arguments);
// Picks one of the commands of a group by the first argument ("facet debug tokenize").
int run_group(const QString& words, const std::vector<Command>& commands, const QStringList& arguments);

int ask(const QStringList& arguments);
int transcribe(const QStringList& arguments);
int models(const QStringList& arguments);
int history(const QStringList& arguments);
int memory(const QStringList& arguments);
int doctor(const QStringList& arguments);
int bench(const QStringList& arguments);
int debug(const QStringList& arguments);

int models_convert(const QStringList& arguments);
int models_fit(const QStringList& arguments);

int debug_tokenize(const QStringList& arguments);
int debug_detokenize(const QStringList& arguments);
int debug_render(const QStringList& arguments);
int debug_parse(const QStringList& arguments);
int debug_logits(const QStringList& arguments);
int debug_generate(const QStringList& arguments);
int debug_encode_image(const QStringList& arguments);
int debug_encode_audio(const QStringList& arguments);
int debug_mel(const QStringList& arguments);
int debug_vulkan_test(const QStringList& arguments);

}  // namespace facet::app::cli
