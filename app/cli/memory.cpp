#include <nlohmann/json.hpp>

#include "agent/store/reader.h"
#include "agent/store/store.h"
#include "app/cli/command.h"
#include "app/cli/local_time.h"
#include "app/event_json.h"

namespace facet::app::cli {

namespace {

using nlohmann::json;

Result<std::string> list_text(const Arguments& arguments, const std::string& words) {
  FACET_ASSIGN_OR_RETURN(const Paths paths, arguments.paths());
  FACET_ASSIGN_OR_RETURN(const auto reader, agent::StoreReader::open(paths.database));
  FACET_ASSIGN_OR_RETURN(const std::vector<agent::Memory> found,
                         words.empty() ? reader->memories() : reader->search_memories(words, agent::WordMatch::All));
  std::string text;
  json all = json::array();
  for (const agent::Memory& memory : found) {
    text += std::to_string(memory.id) + "  " + local_time(memory.created_ms) + "  " + memory.text + "\n";
    all.push_back(to_json(memory));
  }
  return arguments.has("json") ? all.dump(2, ' ', false, json::error_handler_t::replace) + "\n" : text;
}

// The reader refuses a folder without a database, which opening the store would make.
Result<std::unique_ptr<agent::Store>> open_store(const Arguments& arguments) {
  FACET_ASSIGN_OR_RETURN(const Paths paths, arguments.paths());
  FACET_ASSIGN_OR_RETURN(const auto reader, agent::StoreReader::open(paths.database));
  return agent::Store::open(paths.database);
}

Status remove_entry(const Arguments& arguments, agent::MemoryId id) {
  FACET_ASSIGN_OR_RETURN(const auto store, open_store(arguments));
  return store->remove_memory(id);
}

Status remove_everything(const Arguments& arguments) {
  FACET_ASSIGN_OR_RETURN(const auto store, open_store(arguments));
  return store->clear_memory();
}

int status_of(const Status& done) {
  return done.ok() ? kSuccess : fail(done.error());
}

int list(const QStringList& given) {
  Arguments arguments("facet memory list", "Prints what is remembered, the newest first, or what has these words.");
  arguments.data_option();
  arguments.flag("json", "Print JSON.");
  arguments.positional("words", "Words; quotes make a phrase.", "[WORDS]");
  if (const auto status = arguments.parse(given)) return *status;
  std::string words;
  for (const std::string& word : arguments.positionals())
    words += (words.empty() ? "" : " ") + word;
  const Result<std::string> text = list_text(arguments, words);
  if (!text.ok()) return fail(text.error());
  print(*text);
  return kSuccess;
}

int remove(const QStringList& given) {
  Arguments arguments("facet memory remove", "Deletes an entry for good.");
  arguments.data_option();
  arguments.positional("id", "The entry's number, as list prints it.", "ID");
  if (const auto status = arguments.parse(given)) return *status;
  const std::vector<std::string> named = arguments.positionals();
  bool ok = false;
  const qlonglong id = named.size() == 1 ? QString::fromStdString(named[0]).toLongLong(&ok) : 0;
  if (!ok) return arguments.usage_error("Name one entry by its number.");
  return status_of(remove_entry(arguments, id));
}

int clear(const QStringList& given) {
  Arguments arguments("facet memory clear", "Deletes everything that is remembered for good.");
  arguments.data_option();
  if (const auto status = arguments.parse(given)) return *status;
  if (!arguments.positionals().empty()) return arguments.usage_error("It deletes everything, and takes no names.");
  return status_of(remove_everything(arguments));
}

}  // namespace

int memory(const QStringList& arguments) {
  static const std::vector<Command> group = {{"list", "Print what is remembered", list},
                                             {"remove", "Delete an entry", remove},
                                             {"clear", "Delete everything", clear}};
  return run_group("facet memory", group, arguments);
}

}  // namespace facet::app::cli
