#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What Facet tells `facet-sandbox`, the program that builds the walls around one command, and what that answers. Facet
// starts it with the plan to be read from kPlanDescriptor and a socket for the report at kReportDescriptor, which it
// closes on its side to end the command; standard output and error of the command are those of the program.
namespace facet::tools::sandbox {

inline constexpr int kPlanDescriptor = 3;
inline constexpr int kReportDescriptor = 4;

// What holds a command. In the order of what is tried by a user; `None` holds nothing but the limits.
enum class Wall { Bubblewrap, Namespaces, Landlock, None };

// What becomes of a path. Everything that no place names can be read and not be changed; with Landlock alone only what
// a place names can be read.
enum class PlaceKind {
  Scratch,      // an empty folder in memory that can be written; gone with the command
  Writable,     // a folder or file that can be changed
  Pinned,       // inside a writable folder, a folder that can be changed, but not moved or removed
  ReadOnly,     // inside a writable folder, what can not be changed, moved or removed
  Readable,     // what can be read although something around it is hidden
  EmptyFolder,  // a folder that seems empty
  EmptyFile,    // a file that seems empty
};

struct Place {
  PlaceKind kind = PlaceKind::Readable;
  std::string path;  // absolute, without symlinks

  bool operator==(const Place&) const = default;
};

struct Limits {
  std::uint64_t memory_bytes = std::uint64_t{2}
                               << 30U;  // of all processes together, besides what is in scratch folders
  std::uint64_t scratch_bytes = std::uint64_t{1} << 29U;  // of each scratch folder
  std::uint64_t file_bytes = std::uint64_t{4} << 30U;     // of one file
  // So much stays unused on the disks of the writable folders; where there is less from the beginning, half of it.
  std::uint64_t free_bytes = std::uint64_t{1} << 30U;
  std::uint64_t processes = 512;                          // threads count
  std::uint64_t cpu_seconds = 600;                        // of one process

  bool operator==(const Limits&) const = default;
};

struct WallPlan {
  Wall wall = Wall::None;
  bool network = false;
  std::string folder;         // in which the command begins
  std::vector<Place> places;  // in the order in which they are made
  Limits limits;
  std::vector<std::string> arguments;    // the program and its words; the program by its absolute path
  std::vector<std::string> environment;  // NAME=value

  bool operator==(const WallPlan&) const = default;
};

std::string written(const WallPlan& plan);
// Nothing when the text is not what `written` writes.
std::optional<WallPlan> read_plan(std::string_view text);

// How it ended. A program that says nothing has been killed.
struct Report {
  enum class Kind { Exited, Signalled, OutOfMemory, TooManyProcesses, DiskFilled, NotConfined };

  Kind kind = Kind::NotConfined;
  int value = 0;     // the exit status or the signal
  std::string text;  // of NotConfined: what failed

  bool operator==(const Report&) const = default;
};

std::string written(const Report& report);
std::optional<Report> read_report(std::string_view text);

}  // namespace facet::tools::sandbox
