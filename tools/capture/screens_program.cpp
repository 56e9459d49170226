#include "tools/capture/screens_program.h"

#include <QProcess>
#include <nlohmann/json.hpp>
#include <system_error>

#include "engine/media.h"
#include "tools/capture/portal_screens.h"

namespace facet::tools::capture {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kUsual = std::chrono::seconds(20);
// A stop is noticed after this.
constexpr int kStepMs = 50;
// What is told to end gets so long to say so to the desktop.
constexpr int kFarewellMs = 1000;

Error no_answer() {
  return {Error::Code::Io, "The screen could not be seen: the program that looks at it gave no answer; try again."};
}

Error stopped() {
  return {Error::Code::Stopped, "No picture of the screen was taken."};
}

Result<std::vector<SeenScreen>> parse(const QByteArray& output) {
  const qsizetype end = output.indexOf('\n');
  const json line = json::parse(output.cbegin(), output.cbegin() + std::max<qsizetype>(end, 0), nullptr, false);
  if (end < 0 || !line.is_object()) return no_answer();
  if (line.contains("error"))
    return Error{static_cast<Error::Code>(line.value("code", static_cast<int>(Error::Code::Io))),
                 line.value("error", std::string())};
  std::string pictures = output.mid(end + 1).toStdString();
  std::vector<SeenScreen> screens;
  for (const json& each : line.value("screens", json::array())) {
    SeenScreen& screen = screens.emplace_back();
    screen.number = each.value("number", 0);
    screen.width = each.value("width", 0U);
    screen.height = each.value("height", 0U);
    FACET_RETURN_IF_ERROR(engine::check_image_size(screen.width, screen.height));
    const auto bytes = each.value("bytes", std::size_t{0});
    if (bytes > pictures.size()) return no_answer();
    screen.png = pictures.substr(0, bytes);
    pictures.erase(0, bytes);
  }
  return screens.empty() ? Result<std::vector<SeenScreen>>(no_answer()) : std::move(screens);
}

void end(QProcess& process) {
  process.closeWriteChannel();
  if (process.waitForFinished(kFarewellMs)) return;
  process.kill();
  process.waitForFinished(-1);
}

}  // namespace

Result<std::vector<SeenScreen>> ScreensProgram::list(const std::stop_token& stop) const {
  return run({"list"}, kUsual, stop);
}

Result<std::vector<SeenScreen>> ScreensProgram::take(int number, const std::stop_token& stop) const {
  return run({"take", std::to_string(number)}, kUsual, stop);
}

Result<std::vector<SeenScreen>> ScreensProgram::ask_desktop(const std::stop_token& stop) const {
  return run({"ask"}, PortalScreens::kPatience + kUsual, stop);
}

Result<std::vector<SeenScreen>> ScreensProgram::run(const std::vector<std::string>& words, milliseconds patience,
                                                    const std::stop_token& stop) const {
  QProcess process;
  QStringList arguments;
  for (const std::string& word : words)
    arguments << QString::fromStdString(word);
  process.setStandardErrorFile(QProcess::nullDevice());
  process.start(QString::fromStdString(program_.string()), arguments);
  if (!process.waitForStarted(-1))
    return Error{Error::Code::Io, "The program that looks at the screens, " + program_.string() +
                                      ", can not be started; install Facet again."};
  const auto latest = std::chrono::steady_clock::now() + patience;
  while (process.state() != QProcess::NotRunning && !process.waitForFinished(kStepMs)) {
    const bool is_late = std::chrono::steady_clock::now() > latest;
    if (!stop.stop_requested() && !is_late) continue;
    end(process);
    return is_late ? no_answer() : stopped();
  }
  return parse(process.readAllStandardOutput());
}

std::filesystem::path find_screens_program(const std::filesystem::path& folder) {
  const std::filesystem::path installed = folder.parent_path() / "libexec" / "facet" / "facet-screens";
  std::error_code ignored;
  return std::filesystem::exists(installed, ignored) ? installed : folder / "facet-screens";
}

std::filesystem::path own_screens_program() {
  std::error_code ignored;
  return find_screens_program(std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path());
}

}  // namespace facet::tools::capture
