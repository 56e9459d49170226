#include "app/desktop.h"

#include <QApplication>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QMessageBox>
#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "app/cli/command.h"
#include "app/composition.h"
#include "tools/capture/screen_source.h"
#include "tools/media/media_reader.h"
#include "ui/main_window.h"
#include "ui/settings.h"

namespace facet::app {

namespace {

constexpr const char* kModelSetting = "model";
constexpr const char* kFoldersSetting = "folders";

// The model that was open last, unless its file is gone; the practice model on a new machine.
std::string model_to_open(const cli::Arguments& arguments) {
  if (arguments.has("model")) return arguments.model();
  const QString last = ui::window_settings().value(kModelSetting).toString();
  return last.isEmpty() || !QFile::exists(last) ? "built-in" : last.toStdString();
}

// A relative path means something else after the next start, so only absolute ones are remembered.
void remember_model(const agent::ModelChanged& model) {
  if (model.ready)
    ui::window_settings().setValue(
        kModelSetting, model.built_in ? QString() : QFileInfo(QString::fromStdString(model.path)).absoluteFilePath());
}

// New conversations may read what the last one might: the folders that --folder names, or those chosen last.
std::vector<std::string> folders_to_offer(const cli::Arguments& arguments) {
  QStringList folders;
  for (const std::string& folder : arguments.texts("folder"))
    folders.append(QDir(QString::fromStdString(folder)).absolutePath());
  if (folders.isEmpty()) folders = ui::window_settings().value(kFoldersSetting).toStringList();
  std::vector<std::string> existing;
  for (const QString& folder : folders) {
    if (QFileInfo(folder).isDir()) existing.push_back(folder.toStdString());
  }
  return existing;
}

void remember_folders(const std::vector<std::string>& folders) {
  QStringList list;
  for (const std::string& folder : folders)
    list.append(QString::fromStdString(folder));
  ui::window_settings().setValue(kFoldersSetting, list);
}

void remember_choices(const agent::Op& op) {
  if (const auto* chosen = std::get_if<agent::SetFolders>(&op)) remember_folders(chosen->folders);
  if (const auto* turn = std::get_if<agent::UserTurn>(&op); turn != nullptr && turn->conversation == 0)
    remember_folders(turn->folders);
}

// The toolkit's first complaint while it starts: those after it are only consequences.
QString& first_warning() {
  static QString text;
  return text;
}

// Without a display that answers the toolkit warns and then ends the process with an abort: this says why instead.
void explain_missing_display(QtMsgType type, const QMessageLogContext&, const QString& message) {
  if (type != QtFatalMsg) {
    if (first_warning().isEmpty()) first_warning() = message.simplified();
    return;
  }
  std::fprintf(stderr, "facet: No window can be opened here (%s); try 'facet ask' or 'facet --help'.\n",
               qUtf8Printable(first_warning()));
  std::_Exit(cli::kFailure);
}

// A picture as the window shows it, of a video its first.
std::optional<engine::RgbImage> first_picture(const tools::media::MediaReader& reader, const std::string& path) {
  const auto file = tools::media::MediaFile::open(path);
  if (!file.ok()) return std::nullopt;
  const auto facts = reader.describe(*file);
  if (!facts.ok()) return std::nullopt;
  if (facts->kind == tools::media::MediaKind::Video) {
    const auto frames = reader.frames(*file, {}, /*wanted=*/1);
    auto frame = frames.ok() ? (*frames)->next() : Result<std::optional<tools::media::VideoFrame>>(frames.error());
    if (!frame.ok() || !*frame) return std::nullopt;
    return std::move((*frame)->image);
  }
  auto picture = reader.picture(*file);
  if (!picture.ok()) return std::nullopt;
  return std::move(picture->image);
}

// Nothing that others have written is decoded in this process.
std::function<QImage(const std::string&, int)> picture_decoder() {
  return [reader = tools::media::MediaReader(tools::media::own_media_program())](const std::string& path,
                                                                                 int longest_side) {
    const std::optional<engine::RgbImage> image = first_picture(reader, path);
    if (!image) return QImage();
    const QImage whole(image->pixels.data(), static_cast<int>(image->width), static_cast<int>(image->height),
                       static_cast<qsizetype>(image->width) * 3, QImage::Format_RGB888);
    const QSize most(longest_side, longest_side);
    const QSize fitting = whole.size().scaled(most, Qt::KeepAspectRatio);
    return fitting.width() < whole.width() ? whole.scaled(fitting, Qt::KeepAspectRatio, Qt::SmoothTransformation)
                                           : whole.copy();
  };
}

int fail_in_window(const Error& error) {
  std::fprintf(stderr, "facet: %s\n", error.message.c_str());
  QMessageBox::critical(nullptr, QStringLiteral("Facet"), QString::fromStdString(error.message));
  return cli::kFailure;
}

}  // namespace

int run_desktop(int argc, char** argv) {
  const QtMessageHandler usual = qInstallMessageHandler(explain_missing_display);
  QApplication application(argc, argv);
  qInstallMessageHandler(usual);
  QApplication::setOrganizationName("facet");
  QApplication::setApplicationName("facet");
  QApplication::setApplicationDisplayName("Facet");
  QApplication::setApplicationVersion(FACET_VERSION);
  QApplication::setDesktopFileName("facet");

  cli::Arguments arguments("facet", "Opens the window.");
  arguments.model_options();
  arguments.data_option();
  arguments.option("folder", "folder", "A folder that new conversations may read. May be repeated.");
  if (const auto status = arguments.parse(QApplication::arguments().mid(1))) return *status;
  if (const std::vector<std::string> words = arguments.positionals(); !words.empty())
    return arguments.usage_error("A command stands before its options, as in 'facet ask --data DIR QUESTION', and '" +
                                 words.front() + "' stands behind one.");
  const Result<Paths> paths = arguments.paths();
  if (!paths.ok()) return fail_in_window(paths.error());

  std::unique_ptr<agent::Agent> agent;
  ui::WindowContext context;
  context.submit = [&agent](agent::Op op) {
    remember_choices(op);
    if (agent) agent->submit(std::move(op));
  };
  context.database = paths->database;
  context.decode_picture = picture_decoder();
  context.screens = tools::capture::own_screen_source();
  context.default_folders = folders_to_offer(arguments);

  // The agent starts first, because the window reads the store that it creates; nothing happens that the window could
  // miss before it submits something. It also ends first, so that no event meets a window that is gone.
  std::atomic<ui::MainWindow*> window = nullptr;
  AgentChoices choices;
  choices.engine = arguments.engine();
  choices.on_event = [&window](const agent::Event& event) {
    if (const auto* model = std::get_if<agent::ModelChanged>(&event)) remember_model(*model);
    if (ui::MainWindow* target = window.load(); target != nullptr) target->post_event(event);
  };
  Result<std::unique_ptr<agent::Agent>> started = start_agent(*paths, std::move(choices));
  if (!started.ok()) return fail_in_window(started.error());
  agent = std::move(*started);

  ui::MainWindow main_window(std::move(context));
  window = &main_window;
  main_window.show();
  agent->submit(agent::LoadModel{model_to_open(arguments)});
  const int status = QApplication::exec();
  agent.reset();
  return status;
}

}  // namespace facet::app
