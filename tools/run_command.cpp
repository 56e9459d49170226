#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "tools/all_tools.h"
#include "tools/planned_path.h"
#include "tools/sandbox/new_repositories.h"
#include "tools/sandbox/output_ends.h"
#include "tools/sandbox/sandbox.h"
#include "tools/text.h"

namespace facet::tools {
namespace {

using agent::Json;
using agent::PlannedEffect;
using agent::ToolContext;
using agent::ToolResult;
using sandbox::Ending;
using sandbox::FoundWall;
using sandbox::Sandbox;
using sandbox::Wall;

constexpr std::size_t kMostCommandBytes = std::size_t{16} * 1024;
constexpr std::int64_t kUsualSeconds = 120;
constexpr std::int64_t kMostSeconds = 600;
constexpr std::size_t kNoteBytes = 200;  // kept free for what is said besides the output
constexpr std::size_t kWatchedBytes = std::size_t{4} * 1024;
constexpr std::chrono::milliseconds kProgressEvery{100};

const char kDescription[] =
    "Run a shell command in a folder. It can read files and change those in the working folders; the network has to be "
    "asked for.";

Json parameters() {
  return {{"type", "object"},
          {"properties",
           {{"command", {{"type", "string"}, {"description", "The command, as for bash."}}},
            {"folder", {{"type", "string"}, {"description", "Folder to run it in; the working folder when left out."}}},
            {"network", {{"type", "boolean"}, {"description", "Whether it needs the network."}}},
            {"timeout_seconds",
             {{"type", "integer"},
              {"description", "After how many seconds it is ended."},
              {"minimum", 1},
              {"maximum", kMostSeconds}}}}},
          {"required", {"command"}}};
}

// A call as it would be carried out.
struct Command {
  sandbox::Request request;
  std::string missing_wall;  // why nothing holds it; empty when something does
};

std::string shell() {
  std::error_code failure;
  return std::filesystem::exists("/bin/bash", failure) ? "/bin/bash" : "/bin/sh";
}

Status check_text(const std::string& command) {
  if (command.find_first_not_of(" \t\n") == std::string::npos)
    return Error{Error::Code::InvalidInput, "command is empty"};
  if (command.size() > kMostCommandBytes)
    return Error{Error::Code::InvalidInput,
                 "the command is longer than " + std::to_string(kMostCommandBytes) + " bytes; put it into a file"};
  // Who is asked has to see every character of it.
  std::string visible = command;
  std::replace_if(
      visible.begin(), visible.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  if (valid_utf8(visible) != visible || plainly(visible) != visible)
    return Error{Error::Code::InvalidInput,
                 "the command has characters that can not be shown; write them as escapes, such as $'\\u200d'"};
  return {};
}

Result<Command> read_command(const Json& arguments, const ToolContext& context, const Sandbox& sandbox) {
  const std::string text = text_argument(arguments, "command");
  FACET_RETURN_IF_ERROR(check_text(text));
  if (context.folders.empty()) return Error{Error::Code::Denied, "no folder has been chosen in which commands may run"};
  FACET_ASSIGN_OR_RETURN(const PlannedEffect folder,
                         plan_path(text_argument(arguments, "folder"), Wanted::Folder, "Run in", context));
  if (!folder.inside_folders)
    return Error{Error::Code::Denied, "commands run in the folders of the conversation alone"};

  Command command;
  const FoundWall found = sandbox.wall();
  command.request.wall = found.wall;
  if (found.wall == Wall::None) command.missing_wall = found.missing;
  command.request.arguments = {shell(), "-c", text};
  command.request.folder = folder.paths.front();
  for (const std::string& chosen : context.folders) {
    std::error_code failure;
    const auto real = std::filesystem::canonical(chosen, failure);
    if (!failure) command.request.folders.push_back(real.string());
  }
  const auto network = arguments.find("network");
  command.request.network = network != arguments.end() && network->is_boolean() && network->get<bool>();
  const std::int64_t seconds = number_argument(arguments, "timeout_seconds", kUsualSeconds);
  command.request.patience = std::chrono::seconds(std::clamp<std::int64_t>(seconds, 1, kMostSeconds));
  return command;
}

// The words of a person who is asked. The command stands last and indented, so that none of it looks like the rest.
std::string description_of(const Command& command) {
  const sandbox::Request& request = command.request;
  std::string text = "Run in " + plainly(request.folder) + "\n";
  if (request.wall == Wall::None) {
    text += "Held by nothing: it can read and change whatever you can, and use the network\n";
  } else {
    text += "Held by " + std::string(sandbox::name_of(request.wall)) + ": it changes files only in";
    for (std::size_t i = 0; i < request.folders.size(); ++i)
      text += (i == 0 ? " " : ", ") + plainly(request.folders[i]);
    text += request.network ? "; with the network, services of this computer included\n" : "; without the network\n";
  }
  text += "Ended after " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(request.patience).count()) +
          " s\n";
  text += request.arguments[0] + " " + request.arguments[1] + "\n    ";
  for (const char c : request.arguments[2])
    text += c == '\n' ? std::string("\n    ") : std::string(1, c);
  return text;
}

PlannedEffect planned_effect(const Command& command) {
  PlannedEffect planned;
  planned.effect = agent::Effect::Execute;
  planned.text = description_of(command);
  planned.paths = {command.request.folder};
  if (command.request.network) planned.further = {agent::Effect::Network};
  if (!command.missing_wall.empty())
    planned.unguarded =
        "Nothing would hold it, for this system has no walls for commands (" + command.missing_wall + ").";
  return planned;
}

std::string ending_note(const Ending& ending, const sandbox::Request& request) {
  switch (ending.kind) {
    case Ending::Kind::Exited:
      return ending.value == 0 ? "" : "[exit status " + std::to_string(ending.value) + "]";
    case Ending::Kind::Signalled:
      return "[ended by signal " + std::to_string(ending.value) + ", " + strsignal(ending.value) + "]";
    case Ending::Kind::OutOfMemory:
      return "[ended: it took more than " + readable_size(static_cast<std::int64_t>(request.limits.memory_bytes)) +
             " of memory]";
    case Ending::Kind::TooManyProcesses:
      return "[ended: it had more than " + std::to_string(request.limits.processes) + " processes]";
    case Ending::Kind::DiskFilled:
      return "[ended: too little room is left on the disk]";
    case Ending::Kind::TookTooLong:
      return "[ended after " +
             std::to_string(std::chrono::duration_cast<std::chrono::seconds>(request.patience).count()) +
             " s; timeout_seconds may be up to " + std::to_string(kMostSeconds) + "]";
    case Ending::Kind::Stopped:
      return "[stopped by the user]";
  }
  return {};
}

const char* word_of(Ending::Kind kind) {
  switch (kind) {
    case Ending::Kind::Exited:
      return "exited";
    case Ending::Kind::Signalled:
      return "signalled";
    case Ending::Kind::OutOfMemory:
      return "out of memory";
    case Ending::Kind::TooManyProcesses:
      return "too many processes";
    case Ending::Kind::DiskFilled:
      return "disk filled";
    case Ending::Kind::TookTooLong:
      return "took too long";
    case Ending::Kind::Stopped:
      return "stopped";
  }
  return "";
}

ToolResult finish(const sandbox::OutputEnds& output, const Ending& ending, const sandbox::Request& request) {
  ToolResult result;
  std::string text = output.text();
  const std::string note = ending_note(ending, request);
  // As with a file that is read, the end of the last line is no part of it.
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (!note.empty()) text += (text.empty() ? "" : "\n") + note;
  if (text.empty()) text = "[no output]";
  result.failed = ending.kind != Ending::Kind::Exited;
  result.content = result.failed ? "error: the command did not come to its end\n" + text : text;
  result.details = {{"ending", word_of(ending.kind)},         {"value", ending.value},
                    {"output_bytes", output.bytes()},         {"folder", valid_utf8(request.folder)},
                    {"wall", sandbox::name_of(request.wall)}, {"network", request.network}};
  return result;
}

void tell_put_aside(const std::vector<std::string>& files, ToolResult& result) {
  constexpr std::size_t kMostNamed = 5;
  result.details["put_aside"] = files;
  result.content += "\n[git would run these later by itself, so they were renamed and end in " +
                    std::string(sandbox::kPutAside) + "; to write one, use write_file, which asks the user:";
  for (std::size_t i = 0; i < std::min(files.size(), kMostNamed); ++i)
    result.content += " " + plainly(files[i]);
  if (files.size() > kMostNamed) result.content += " and " + std::to_string(files.size() - kMostNamed) + " more";
  result.content += "]";
}

ToolResult run(const Json& arguments, const PlannedEffect& planned, const ToolContext& context,
               const Sandbox& sandbox) {
  const Result<Command> command = read_command(arguments, context, sandbox);
  if (!command.ok()) return ToolResult::failure(command.error().message);
  // What runs is what was shown: a folder may have become another one since.
  if (const PlannedEffect now = planned_effect(*command);
      now.text != planned.text || now.paths != planned.paths || now.unguarded != planned.unguarded)
    return ToolResult::failure("the folders are not those any more that were shown; try again");

  sandbox::OutputEnds output(context.result_limit_bytes - std::min(kNoteBytes, context.result_limit_bytes / 2));
  sandbox::OutputEnds whole(agent::kMaxKeptBytes);
  auto next_progress = std::chrono::steady_clock::now();
  bool is_told = true;
  const auto on_output = [&](std::string_view piece) {
    output.add(piece);
    whole.add(piece);
    is_told = false;
    if (const auto now = std::chrono::steady_clock::now(); context.progress && now >= next_progress) {
      context.progress(output.latest(kWatchedBytes));
      next_progress = now + kProgressEvery;
      is_told = true;
    }
  };
  const sandbox::NewRepositories repositories(command->request.folders);
  const Result<Ending> ending = sandbox.run(command->request, on_output, context.stop);
  const std::vector<std::string> put_aside = repositories.put_aside();
  if (!ending.ok()) return ToolResult::failure("the command did not run: " + ending.error().message);
  if (!is_told && context.progress) context.progress(output.latest(kWatchedBytes));
  ToolResult result = finish(output, *ending, command->request);
  if (output.is_cut()) result.whole = whole.text();
  if (!put_aside.empty()) tell_put_aside(put_aside, result);
  return result;
}

}  // namespace

agent::Tool run_command_tool(const Sandbox& sandbox) {
  return {"run_command",
          kDescription,
          parameters(),
          agent::Effect::Execute,
          [sandbox](const Json& arguments, const ToolContext& context) -> Result<PlannedEffect> {
            FACET_ASSIGN_OR_RETURN(const Command command, read_command(arguments, context, sandbox));
            return planned_effect(command);
          },
          [sandbox](const Json& arguments, const PlannedEffect& planned, const ToolContext& context) {
            return run(arguments, planned, context, sandbox);
          }};
}

}  // namespace facet::tools
