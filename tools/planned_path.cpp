#include "tools/planned_path.h"

#include "tools/text.h"

namespace facet::tools {
namespace {

constexpr std::size_t kShownBytes = 200;  // of a path in a sentence

// The path as the model gave it, on one line and not endless.
std::string given(const std::string& path) {
  std::string shown = one_line(path);
  if (shown.size() <= kShownBytes) return shown;
  return std::string(utf8_prefix(shown, kShownBytes)) + "…";
}

Error missing(const std::string& path, Wanted wanted) {
  return {Error::Code::NotFound, (wanted == Wanted::File ? "no such file: " : "no such folder: ") + given(path)};
}

Error sentence_for(const Error& error, const std::string& path, Wanted wanted) {
  switch (error.code) {
    case Error::Code::NotFound:
      return missing(path, wanted);
    case Error::Code::Io:
      return {Error::Code::Io, given(path) + " could not be opened: " + error.message};
    default:
      return {Error::Code::Denied, "not allowed: " + given(path)};
  }
}

const char* kind_name(FileKind kind) {
  switch (kind) {
    case FileKind::File:
      return "file";
    case FileKind::Folder:
      return "folder";
    case FileKind::Pipe:
      return "pipe";
    case FileKind::Socket:
      return "socket";
    case FileKind::Device:
      return "device";
    case FileKind::Other:
      return "special file";
  }
  return "special file";
}

Status check_kind(FileKind kind, const std::string& path, Wanted wanted) {
  if (kind == FileKind::Folder) {
    if (wanted == Wanted::File) return Error{Error::Code::InvalidInput, given(path) + " is a folder"};
    return {};
  }
  if (wanted == Wanted::Folder) return missing(path, wanted);
  if (kind != FileKind::File)
    return Error{Error::Code::InvalidInput, given(path) + " is not a text file (" + kind_name(kind) + ")"};
  return {};
}

}  // namespace

std::string text_argument(const agent::Json& arguments, const char* name, const std::string& fallback) {
  const auto found = arguments.find(name);
  if (found == arguments.end() || !found->is_string()) return fallback;
  return found->get<std::string>();
}

std::int64_t number_argument(const agent::Json& arguments, const char* name, std::int64_t fallback) {
  const auto found = arguments.find(name);
  if (found == arguments.end() || !found->is_number_integer()) return fallback;
  return found->get<std::int64_t>();
}

Result<agent::PlannedEffect> plan_path(const std::string& path, Wanted wanted, const std::string& verb,
                                       const agent::ToolContext& context) {
  if (path.empty() && wanted == Wanted::File) return Error{Error::Code::InvalidInput, "path is empty"};
  const Workspace workspace(context.folders);
  const Result<Located> located = workspace.locate(path);
  if (!located.ok()) return sentence_for(located.error(), path, wanted);
  FACET_RETURN_IF_ERROR(check_kind(located->kind, path, wanted));
  agent::PlannedEffect planned;
  planned.effect = agent::Effect::Read;
  planned.text = verb + " " + plainly(located->path);
  planned.paths = {located->path};
  planned.inside_folders = located->inside;
  return planned;
}

Result<Opened> open_planned(const std::string& path, Wanted wanted, const Workspace& workspace,
                            const agent::PlannedEffect& planned, const agent::ToolContext& context) {
  if (planned.paths.size() != 1 || (!planned.inside_folders && !context.outside_allowed))
    return Error{Error::Code::Denied, "not allowed: " + given(path)};
  Result<Opened> opened = workspace.open(planned.paths.front(), planned.inside_folders);
  if (!opened.ok()) return sentence_for(opened.error(), path, wanted);
  FACET_RETURN_IF_ERROR(check_kind(opened->kind, path, wanted));
  return opened;
}

Result<TextFile> open_text(const std::string& path, Opened& opened, std::size_t longest_line,
                           const agent::ToolContext& context) {
  Result<TextFile> file = TextFile::open(std::move(opened.descriptor), longest_line, context.stop);
  if (!file.ok()) return Error{Error::Code::Io, one_line(path) + " could not be read"};
  if (!file->guess().binary_kind.empty())
    return Error{Error::Code::InvalidInput, one_line(path) + " is not a text file (" + file->guess().binary_kind +
                                                ", " + readable_size(opened.bytes) + ")"};
  return file;
}

agent::ToolResult stopped_result() {
  return agent::ToolResult::failure("stopped by the user");
}

}  // namespace facet::tools
