#include "app/cli/command.h"

#include <cstdio>
#include <limits>

namespace facet::app::cli {

namespace {

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      {"ask", "Ask one question and print the answer", ask},
      {"transcribe", "Write down what is said in a recording", transcribe},
      {"models", "Describe, plan and convert model files", models},
      {"history", "Search and show stored conversations", history},
      {"memory", "List and delete what is remembered", memory},
      {"doctor", "Check this machine and the installation", doctor},
      {"bench", "Measure how fast a model runs here", bench},
      {"debug", "Look inside: tokens, prompts, replies, logits", debug},
  };
  return all;
}

QString list_of(const std::vector<Command>& group) {
  QString text;
  for (const Command& command : group)
    text +=
        QStringLiteral("  %1 %2\n").arg(QString::fromUtf8(command.name), -12).arg(QString::fromUtf8(command.summary));
  return text;
}

bool asks_for_help(const QStringList& arguments) {
  return !arguments.isEmpty() && (arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help");
}

}  // namespace

Arguments::Arguments(QString words, const QString& summary) : words_(std::move(words)) {
  parser_.setApplicationDescription(summary);
  parser_.addOption({{"h", "help"}, "Show this help."});
  parser_.setOptionsAfterPositionalArgumentsMode(QCommandLineParser::ParseAsOptions);
}

void Arguments::option(const QString& name, const QString& value_name, const QString& description) {
  parser_.addOption({name, description, value_name});
}

void Arguments::option(const QStringList& names, const QString& value_name, const QString& description) {
  parser_.addOption({names, description, value_name});
}

void Arguments::flag(const QString& name, const QString& description) {
  parser_.addOption({name, description});
}

void Arguments::positional(const QString& name, const QString& description, const QString& syntax) {
  parser_.addPositionalArgument(name, description, syntax);
}

void Arguments::model_options() {
  parser_.addOption(
      {{"m", "model"}, "Model: a GGUF file, a folder with safetensors files, or built-in.", "model", "built-in"});
  device_options();
}

void Arguments::device_options() {
  option("backend", "backend",
         "What computes: auto, cpu, vulkan, or vulkan:INDEX for one of the devices that doctor lists.");
  option(
      "gpu-layers", "n",
      "With vulkan: how many of the last layers the graphics device computes; as many as fit when left out or auto.");
  option("gpu-memory", "mb",
         "With vulkan: megabytes that the graphics device may take; what it has unused when left out.");
  option("gpu-experts", "mb",
         "With vulkan: megabytes of these for experts that are asked for often, of a model whose experts do not fit; "
         "what is left over when left out.");
  option("threads", "n", "Threads of the CPU; all cores when left out.");
}

void Arguments::engine_options() {
  model_options();
  number_options();
}

void Arguments::number_options() {
  option("precision", "precision",
         "full: weights are decoded to float32; fast: activations are rounded to 8 bits; auto: fast for large models.");
  option("cache", "format", "Format of keys and values: auto, f32, f16 or q8_0.");
  option("kernels", "set", "Instruction set of the CPU kernels; the best that there is when left out.");
}

void Arguments::data_option() {
  option("data", "folder", "Data folder; the platform's when left out.");
}

std::optional<int> Arguments::parse(const QStringList& arguments) {
  // The parser takes the first word for the program's name and prints it in the help.
  if (!parser_.parse(QStringList{words_} + arguments)) return usage_error(parser_.errorText().toStdString());
  if (parser_.isSet("help")) {
    // The library prints the program's path; the command is what a reader can type.
    QString help = parser_.helpText();
    const qsizetype end_of_name = help.indexOf(" [options]");
    if (help.startsWith("Usage: ") && end_of_name > 0) help.replace(0, end_of_name, "Usage: " + words_);
    print(help.toStdString());
    return kSuccess;
  }
  const std::string backend = given("backend");
  if (!engine::is_backend(backend))
    return usage_error("--backend takes auto, cpu, vulkan or vulkan:INDEX, not " + backend + ".");
  if (const std::string sentence = wrong_placement(); !sentence.empty()) return usage_error(sentence);
  const std::string precision = given("precision");
  if (!precision.empty() && precision != "auto" && precision != "full" && precision != "fast")
    return usage_error("--precision takes auto, full or fast, not " + precision + ".");
  const std::string cache = given("cache");
  if (!cache.empty() && cache != "auto" && cache != "f32" && cache != "f16" && cache != "q8_0")
    return usage_error("--cache takes auto, f32, f16 or q8_0, not " + cache + ".");
  if (parser_.optionNames().contains("threads")) {
    const auto threads = integer("threads");
    if (!threads.ok()) return usage_error(threads.error().message);
    if (**threads < 1 || **threads > 1024) return usage_error("--threads takes a number from 1 to 1024.");
  }
  return std::nullopt;
}

std::string Arguments::given(const QString& name) const {
  return parser_.optionNames().contains(name) ? text(name) : std::string();
}

std::string Arguments::wrong_placement() const {
  constexpr std::int64_t kMostMegabytes = 1 << 24;
  const std::string layers = given("gpu-layers");
  const std::string memory = given("gpu-memory");
  const std::string experts = given("gpu-experts");
  if (layers.empty() && memory.empty() && experts.empty()) return {};
  if (!given("backend").starts_with("vulkan"))
    return "--gpu-layers, --gpu-memory and --gpu-experts go with --backend vulkan.";
  const auto number = [](const std::string& text, std::int64_t least, std::int64_t most) {
    bool ok = false;
    const qlonglong value = QString::fromStdString(text).toLongLong(&ok);
    return ok && value >= least && value <= most;
  };
  if (!layers.empty() && layers != "auto" && !number(layers, 0, 9999))
    return "--gpu-layers takes auto or a number from 0 to 9999, not " + layers + ".";
  if (!memory.empty() && !number(memory, 1, kMostMegabytes))
    return "--gpu-memory takes a number of megabytes of at least 1, not " + memory + ".";
  if (!experts.empty() && !number(experts, 0, kMostMegabytes))
    return "--gpu-experts takes a number of megabytes, not " + experts + ".";
  return {};
}

std::vector<std::string> Arguments::texts(const QString& name) const {
  std::vector<std::string> all;
  for (const QString& value : parser_.values(name))
    all.push_back(value.toStdString());
  return all;
}

std::vector<std::string> Arguments::positionals() const {
  std::vector<std::string> all;
  for (const QString& value : parser_.positionalArguments())
    all.push_back(value.toStdString());
  return all;
}

std::string Arguments::model() const {
  return text("model");
}

int Arguments::threads() const {
  return has("threads") ? parser_.value("threads").toInt() : 0;
}

engine::EngineOptions Arguments::engine() const {
  engine::EngineOptions options;
  options.threads = threads();
  options.backend = given("backend");
  const std::string layers = given("gpu-layers");
  if (!layers.empty() && layers != "auto") options.gpu_layers = static_cast<std::uint32_t>(std::stoul(layers));
  const std::string memory = given("gpu-memory");
  if (!memory.empty()) options.gpu_memory_bytes = std::stoull(memory) * 1'000'000;
  const std::string experts = given("gpu-experts");
  if (!experts.empty()) options.gpu_expert_bytes = std::stoull(experts) * 1'000'000;
  const std::string precision = given("precision");
  if (precision == "full") options.precision = engine::Precision::Full;
  if (precision == "fast") options.precision = engine::Precision::Fast;
  const std::string cache = given("cache");
  if (cache == "f32") options.cache_format = engine::CacheFormat::F32;
  if (cache == "f16") options.cache_format = engine::CacheFormat::F16;
  if (cache == "q8_0") options.cache_format = engine::CacheFormat::Q8_0;
  options.kernels = given("kernels");
  return options;
}

Result<Paths> Arguments::paths() const {
  return find_paths(parser_.optionNames().contains("data") ? std::filesystem::path(text("data"))
                                                           : std::filesystem::path());
}

Result<std::optional<std::int64_t>> Arguments::integer(const QString& name) const {
  if (!has(name)) return std::optional<std::int64_t>();
  bool ok = false;
  const qlonglong value = parser_.value(name).toLongLong(&ok);
  if (!ok)
    return Error{Error::Code::InvalidInput,
                 "--" + name.toStdString() + " takes a whole number, not " + text(name) + "."};
  return std::optional<std::int64_t>(value);
}

Result<std::optional<double>> Arguments::number(const QString& name) const {
  if (!has(name)) return std::optional<double>();
  bool ok = false;
  const double value = parser_.value(name).toDouble(&ok);
  if (!ok)
    return Error{Error::Code::InvalidInput, "--" + name.toStdString() + " takes a number, not " + text(name) + "."};
  return std::optional<double>(value);
}

int Arguments::usage_error(const std::string& sentence) const {
  std::fprintf(stderr, "facet: %s Try '%s --help'.\n", sentence.c_str(), words_.toStdString().c_str());
  return kUsage;
}

int fail(const Error& error) {
  std::fprintf(stderr, "facet: %s\n", error.message.c_str());
  return kFailure;
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

bool is_command_line(const QStringList& arguments) {
  return !arguments.isEmpty() &&
         (!arguments[0].startsWith('-') || asks_for_help(arguments) || arguments[0] == "--version");
}

int run(const QStringList& arguments) {
  if (asks_for_help(arguments)) {
    print("Usage: facet [--model MODEL] [--data DIR]   open the window\n       facet COMMAND ...\n\nCommands:\n" +
          list_of(commands()).toStdString() + "\nEvery command has --help.\n");
    return kSuccess;
  }
  if (arguments[0] == "--version") {
    print("facet " FACET_VERSION "\n");
    return kSuccess;
  }
  return run_group("facet", commands(), arguments);
}

int run_group(const QString& words, const std::vector<Command>& group, const QStringList& arguments) {
  if (asks_for_help(arguments)) {
    print("Usage: " + words.toStdString() + " COMMAND ...\n\n" + list_of(group).toStdString());
    return kSuccess;
  }
  if (!arguments.isEmpty()) {
    for (const Command& command : group) {
      if (arguments[0] == command.name) return command.run(arguments.mid(1));
    }
  }
  const std::string given = arguments.isEmpty() ? "is missing" : "'" + arguments[0].toStdString() + "' is unknown";
  std::fprintf(stderr, "facet: The command after '%s' %s. Try '%s --help'.\n", words.toStdString().c_str(),
               given.c_str(), words.toStdString().c_str());
  return kUsage;
}

}  // namespace facet::app::cli
