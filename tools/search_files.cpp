#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "tools/all_tools.h"
#include "tools/folder_walk.h"
#include "tools/planned_path.h"
#include "tools/search_query.h"
#include "tools/text.h"
#include "tools/text_file.h"

namespace facet::tools {
namespace {

using agent::Json;
using agent::PlannedEffect;
using agent::ToolContext;
using agent::ToolResult;

constexpr std::size_t kMostHits = 100;
constexpr std::size_t kMostNames = 20;
constexpr std::int64_t kMostFileBytes = 16LL * 1024 * 1024;   // of one file
constexpr std::size_t kLongestLine = std::size_t{64} * 1024;  // of which a phrase is looked for
constexpr std::size_t kShownBytes = 300;                      // of a line
constexpr std::size_t kShownBefore = 80;                      // of them, before what was found
constexpr std::size_t kNoteBytes = 240;                       // kept free for the notes
constexpr std::size_t kProgressFiles = 500;

const char kDescription[] = "Search the files in a folder for words and return the matching lines.";

Json parameters() {
  return {{"type", "object"},
          {"properties",
           {{"query", {{"type", "string"}, {"description", "Words to look for."}, {"minLength", 1}}},
            {"path", {{"type", "string"}, {"description", "Folder to search; the working folder when left out."}}}}},
          {"required", {"query"}}};
}

// The hits of one degree. Those with more of the words are better.
struct Hits {
  std::map<std::size_t, std::vector<std::string>, std::greater<>> by_words;
  std::size_t count = 0;

  void add(std::size_t words, std::string text, std::size_t most) {
    std::vector<std::string>& list = by_words[words];
    ++count;
    if (list.size() < most) list.push_back(std::move(text));
  }
};

// The part of a line around what was found.
std::string excerpt(const std::string& line, std::size_t position) {
  std::size_t begin = line.find_first_not_of(" \t\r\v\f");
  if (begin == std::string::npos) return {};
  const std::size_t end = line.find_last_not_of(" \t\r\v\f") + 1;
  if (end - begin <= kShownBytes) return line.substr(begin, end - begin);
  const bool cut_front = position > begin + kShownBytes - kShownBefore;
  if (cut_front) begin = utf8_prefix(line, std::min(position, end) - kShownBefore).size();
  const std::string_view shown = utf8_prefix(std::string_view(line).substr(begin, end - begin), kShownBytes);
  const bool cut_back = begin + shown.size() < end;
  return (cut_front ? "…" : "") + std::string(shown) + (cut_back ? "…" : "");
}

// One search: goes through the files once and keeps the hits of every degree, because which one is the best that there
// is shows at the end.
class Search {
 public:
  Search(const SearchQuery& query, const Workspace& workspace, const ToolContext& context)
      : query_(query), workspace_(workspace), context_(context) {}

  void search_folder(const Opened& folder) {
    FolderWalk walk(workspace_, context_.stop);
    walk.run(folder, [&](const FolderWalk::File& file) {
      if (walk.files() % kProgressFiles == 0 && context_.progress)
        context_.progress("searched " + std::to_string(walk.files()) + " files");
      const std::string path = shown_path(folder.path + (folder.path == "/" ? "" : "/") + file.path);
      Result<Opened> opened = workspace_.open_entry(file.folder, file.name);
      const bool has_hit = opened.ok() && opened->kind == FileKind::File && search_lines(std::move(*opened), path);
      if (!has_hit) search_name(file.name, path);
      return lines_of(Match::Phrase).count < kMostHits;
    });
    files_ = walk.files();
    cut_ = walk.cut();
    unreadable_folders_ = walk.unreadable_folders();
  }

  void search_file(Opened file) {
    const std::string path = shown_path(file.path);
    files_ = 1;
    search_lines(std::move(file), path);
  }

  ToolResult result(const std::string& path, const std::string& query) const;

 private:
  static std::size_t index(Match match) { return static_cast<std::size_t>(match); }
  Hits& lines_of(Match match) { return lines_[index(match)]; }
  std::string shown_path(const std::string& path) const { return one_line(workspace_.relative(path)); }

  // Whether a line has the whole phrase: such a file need not be named once more.
  bool search_lines(Opened file, const std::string& path);
  void search_name(const std::string& name, const std::string& path) {
    const MatchResult found = query_.match_name(name);
    if (found.match != Match::None) names_[index(found.match)].add(found.words, path, kMostNames);
  }
  Match best() const;
  std::string notes(Match match, std::size_t shown) const;

  const SearchQuery& query_;
  const Workspace& workspace_;
  const ToolContext& context_;
  std::array<Hits, 4> lines_;
  std::array<Hits, 4> names_;
  std::size_t files_ = 0;
  std::size_t long_files_ = 0;
  std::size_t unreadable_folders_ = 0;
  bool cut_ = false;
};

bool Search::search_lines(Opened file, const std::string& path) {
  Result<TextFile> text = TextFile::open(std::move(file.descriptor), kLongestLine, context_.stop);
  if (!text.ok() || !text->guess().binary_kind.empty()) return false;
  bool has_phrase = false;
  TextLine line;
  for (std::int64_t number = 1; text->next_line(line); ++number) {
    const MatchResult found = query_.match(line.text);
    if (found.match != Match::None) {
      has_phrase = has_phrase || found.match == Match::Phrase;
      lines_of(found.match)
          .add(found.words, path + ":" + std::to_string(number) + ": " + excerpt(line.text, found.position), kMostHits);
    }
    if (lines_of(Match::Phrase).count >= kMostHits) break;
    if (text->bytes_read() > kMostFileBytes) {
      ++long_files_;
      break;
    }
  }
  return has_phrase;
}

Match Search::best() const {
  for (const Match match : {Match::Phrase, Match::AllWords, Match::AnyWord})
    if (lines_[index(match)].count + names_[index(match)].count > 0) return match;
  return Match::None;
}

// What the reader must know to judge the hits; empty when they are all there is.
std::string Search::notes(Match match, std::size_t shown) const {
  std::string notes;
  const std::size_t found = lines_[index(match)].count + names_[index(match)].count;
  if (lines_[index(Match::Phrase)].count >= kMostHits || shown < found)
    notes += "\n[the first " + std::to_string(shown) + " hits; search for more words or in one folder to see others]";
  if (cut_) notes += "\n[only " + std::to_string(files_) + " files were searched; name a folder to search less]";
  if (unreadable_folders_ > 0)
    notes += "\n[folders that could not be read: " + std::to_string(unreadable_folders_) + "]";
  if (long_files_ > 0)
    notes += "\n[of " + std::to_string(long_files_) + " long files only the first " + readable_size(kMostFileBytes) +
             " were searched]";
  return notes;
}

ToolResult Search::result(const std::string& path, const std::string& query) const {
  const Match match = best();
  const std::size_t limit = context_.result_limit_bytes - std::min(kNoteBytes, context_.result_limit_bytes / 2);
  std::string text;
  if (match == Match::None) text = "no matches for " + std::string(utf8_prefix(one_line(query), kShownBytes));
  if (match == Match::AllWords) text = "[no line has the whole phrase; lines with all words:]";
  if (match == Match::AnyWord) text = "[no line has all words; lines with some of them:]";
  std::size_t shown = 0;
  for (const auto* degrees : {&lines_, &names_})
    for (const auto& [words, list] : (*degrees)[index(match)].by_words)
      for (const std::string& hit : list) {
        if (shown >= kMostHits || text.size() + hit.size() + 1 > limit) continue;
        text += (text.empty() ? "" : "\n") + hit;
        ++shown;
      }
  static constexpr std::array<const char*, 4> kMatchNames = {"none", "some words", "all words", "phrase"};
  ToolResult result;
  result.content = text + notes(match, shown);
  result.details = {{"path", valid_utf8(path)},
                    {"query", valid_utf8(query)},
                    {"hits", shown},
                    {"match", kMatchNames[index(match)]},
                    {"files", files_}};
  return result;
}

ToolResult run(const Json& arguments, const PlannedEffect& planned, const ToolContext& context) {
  const std::string path = text_argument(arguments, "path", ".");
  const std::string words = text_argument(arguments, "query");
  const SearchQuery query(words);
  if (query.empty()) return ToolResult::failure("query is empty");
  const Workspace workspace(context.folders);
  Result<Opened> opened = open_planned(path, Wanted::Either, workspace, planned, context);
  if (!opened.ok()) return ToolResult::failure(opened.error().message);
  const std::string real_path = opened->path;

  Search search(query, workspace, context);
  if (opened->kind == FileKind::Folder) {
    search.search_folder(*opened);
  } else {
    search.search_file(std::move(*opened));
  }
  if (context.stop.stop_requested()) return stopped_result();
  return search.result(real_path, words);
}

}  // namespace

agent::Tool search_files_tool() {
  return {"search_files",
          kDescription,
          parameters(),
          agent::Effect::Read,
          [](const Json& arguments, const ToolContext& context) {
            return plan_path(text_argument(arguments, "path", "."), Wanted::Either, "Search", context);
          },
          run};
}

}  // namespace facet::tools
