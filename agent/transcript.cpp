#include "agent/transcript.h"

#include "agent/media_json.h"
#include "agent/utf8.h"

namespace facet::agent {

namespace {

constexpr const char* kUnfinishedCall = "error: this was stopped before it had a result";

// A file that is told of in words, a recording in its transcript. One whose text is not here is reached by the tools,
// which need its path.
std::string file_text(const AttachmentPart& file) {
  if (file.text.empty()) return "File: " + file.path + "\n\n";
  const std::string text = "File: " + file.name + (file.media ? ", what is said in it:" : "") + "\n\n";
  return text + file.text.substr(0, file.text.find_last_not_of(" \t\r\n") + 1) + "\n\n";
}

std::string two_digits(std::int64_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

// What stands before a picture: of a frame its time, of a tile where it belongs.
std::string lead_of(const AttachedMedia& media, const MediaPiece& piece, std::size_t place) {
  if (piece.kind == MediaPiece::Kind::Frame) {
    const std::int64_t seconds = piece.shown_ms / 1000;
    return (place == 0 ? "" : " ") + two_digits(seconds / 60) + ":" + two_digits(seconds % 60) + " ";
  }
  if (piece.kind == MediaPiece::Kind::Sound || media.tile_columns * media.tile_rows <= 1) return {};
  return std::string(place == 0 ? "" : " ") + "Part " + std::to_string(place + 1) + " of " +
         std::to_string(media.tile_columns * media.tile_rows) + ", row " +
         std::to_string(place / media.tile_columns + 1) + ", column " + std::to_string(place % media.tile_columns + 1) +
         ": ";
}

void append_media(Json& content, const AttachmentPart& file, const Senses& senses) {
  for (std::size_t place = 0; const MediaItem& item : items_of(file, senses)) {
    content.push_back({{"type", item.is_sound() ? "audio" : "image"},
                       {"media", to_json(item)},
                       {"lead", lead_of(*file.media, item.piece, place)}});
    ++place;
  }
}

// A place in a part can not be drawn on the picture by who does not know which part it is.
constexpr const char* kPlacesInParts =
    "Where a place is asked for, name its part: {\"part\": 1, \"box_2d\": [y0, x0, y1, x1], \"label\": \"...\"}, each "
    "number from 0 to 1000 of that part.\n\n";

bool is_shown_in_parts(const AttachmentPart& file) {
  return file.media && file.media->tile_columns * file.media->tile_rows > 1;
}

// Text, or a list of parts where there is something to be seen or heard.
Json user_content(const std::vector<Part>& parts, const Senses& senses) {
  std::string files;
  std::string question;
  bool has_parts = false;
  Json content = Json::array();
  for (const Part& part : parts) {
    if (const auto* text = std::get_if<TextPart>(&part.content))
      question += (question.empty() ? "" : "\n\n") + text->text;
    const auto* file = std::get_if<AttachmentPart>(&part.content);
    if (file == nullptr) continue;
    const std::size_t before = content.size();
    append_media(content, *file, senses);
    const bool is_shown = content.size() > before;
    const bool has_unheard_words = file->media && !senses.hears && !file->text.empty();
    if (!is_shown || has_unheard_words) files += file_text(*file);
    has_parts = has_parts || (is_shown && is_shown_in_parts(*file));
  }
  std::string text = files.empty() ? question : files + "Question: " + question;
  if (content.empty()) return text;
  if (has_parts) text = kPlacesInParts + text;
  content.push_back({{"type", "text"}, {"text", std::move(text)}});
  return content;
}

// What one run of the model wrote, gathered from its parts.
struct Run {
  int number = 0;
  std::string thought;
  std::string text;
  std::vector<const Call*> calls;

  bool is_empty() const { return thought.empty() && text.empty() && calls.empty(); }
};

std::vector<Run> runs_of(const std::vector<Part>& parts) {
  std::vector<Run> runs;
  for (const Part& part : parts) {
    if (std::holds_alternative<NoticePart>(part.content)) continue;
    if (runs.empty() || runs.back().number != part.run)
      runs.push_back({.number = part.run, .thought = {}, .text = {}, .calls = {}});
    Run& run = runs.back();
    if (const auto* text = std::get_if<TextPart>(&part.content)) run.text += text->text;
    if (const auto* thought = std::get_if<ThoughtPart>(&part.content)) run.thought += thought->text;
    if (const auto* call = std::get_if<CallPart>(&part.content)) run.calls.push_back(&call->call);
  }
  return runs;
}

std::string call_id(const Call& call) {
  return "call_" + std::to_string(call.id);
}

Json call_json(const Call& call) {
  Json arguments = Json::parse(call.arguments_json, nullptr, /*allow_exceptions=*/false);
  if (!arguments.is_object()) arguments = Json::object();
  return {{"id", call_id(call)}, {"function", {{"name", call.tool}, {"arguments", std::move(arguments)}}}};
}

bool has_long_text(const Call& call) {
  constexpr std::size_t kShort = 400;
  return call.result.size() > kShort;
}

std::string result_text(const Call& call, const Retelling& retelling) {
  if (call.result.empty() && (call.state == CallState::Stopped || !is_final(call.state))) return kUnfinishedCall;
  if (call.id > retelling.results_to || !has_long_text(call)) return call.result;
  const std::string read_again =
      retelling.can_read_again
          ? "; " + std::string(kReadEarlier) + " with \"call\": " + std::to_string(call.id) + " shows it again"
          : "";
  return "[this result of " + std::to_string(call.result.size()) + " bytes was left out to make room" + read_again +
         "]";
}

// What the model is told in words of a picture that a call has made: the picture itself follows behind all words of the
// result, where nothing else may stand.
std::string words_of(const AttachmentPart& picture, bool is_shown, const Senses& senses) {
  const AttachedMedia media = picture.media.value_or(AttachedMedia());
  const std::string name =
      picture.name + ", " + std::to_string(media.width) + " x " + std::to_string(media.height) + " pixels";
  if (!senses.sees) return "\n[There is a picture, " + name + ", but you can not see pictures.]";
  if (!is_shown) return "\n[There was a picture, " + name + ", but it is not there any more.]";
  if (!is_shown_in_parts(picture)) return {};
  return "\n[The picture " + name + ", is shown in " + std::to_string(media.tile_columns * media.tile_rows) +
         " parts, row by row, " + std::to_string(media.tile_columns) + " in a row.]\n" + kPlacesInParts;
}

// Text, or a list of parts where there is something to be seen.
Json result_content(const Call& call, const Senses& senses, const Retelling& retelling) {
  std::string text = result_text(call, retelling);
  Json shown = Json::array();
  for (const AttachmentPart& picture : call.pictures) {
    if (call.id <= retelling.results_to) {
      text += "\n[The picture " + picture.name + " was left out to make room.]";
      continue;
    }
    const std::vector<MediaItem> items = items_of(picture, senses);
    text += words_of(picture, !items.empty(), senses);
    for (const MediaItem& item : items)
      shown.push_back({{"type", "image"}, {"media", to_json(item)}});
  }
  if (shown.empty()) return text;
  shown.insert(shown.begin(), Json{{"type", "text"}, {"text", std::move(text)}});
  return shown;
}

Json result_json(const Call& call, const Senses& senses, const Retelling& retelling) {
  return {{"role", "tool"},
          {"tool_call_id", call_id(call)},
          {"name", call.tool},
          {"content", result_content(call, senses, retelling)}};
}

void append_run(Json& messages, const Run& run, const Senses& senses, const Retelling& retelling,
                const std::vector<RunOutput>& outputs) {
  Json message = {{"role", "assistant"}, {"content", run.text}};
  if (!run.thought.empty()) message["reasoning"] = run.thought;
  for (const Call* call : run.calls)
    message["tool_calls"].push_back(call_json(*call));
  if (const auto index = static_cast<std::size_t>(run.number); index < outputs.size())
    message["generated"] = {{"tokens", outputs[index].tokens}, {"text", outputs[index].text}};
  messages.push_back(std::move(message));
  for (const Call* call : run.calls)
    messages.push_back(result_json(*call, senses, retelling));
}

// Of what a call was about: enough to know it again.
std::string in_short(const Call& call) {
  constexpr std::size_t kArgumentBytes = 80;
  std::string line = "- " + call.tool + " " + std::string(utf8_prefix(call.arguments_json, kArgumentBytes));
  if (call.arguments_json.size() > kArgumentBytes) line += "...";
  return line + (call.state == CallState::Succeeded ? "" : " (did not succeed)") + "\n";
}

}  // namespace

std::vector<MediaItem> items_of(const AttachmentPart& file, const Senses& senses) {
  std::vector<MediaItem> items;
  if (!file.media || !(senses.sees || senses.hears) || !senses.find) return items;
  const std::string place = senses.find(file);
  if (place.empty()) return items;
  for (const MediaPiece& piece : file.media->pieces) {
    if (piece.kind == MediaPiece::Kind::Sound ? !senses.hears : !senses.sees) continue;
    const bool is_sound = piece.kind == MediaPiece::Kind::Sound;
    items.push_back({piece, place, file.name, file.sha256, is_sound ? 0 : file.media->budget});
  }
  return items;
}

bool is_long_result(const Call& call) {
  return has_long_text(call) || !call.pictures.empty();
}

std::string runs_in_short(const Message& answer, const Retelling& retelling) {
  constexpr std::size_t kMostCalls = 30;
  std::vector<std::string> lines;
  for (const Part& part : answer.parts) {
    const auto* call = std::get_if<CallPart>(&part.content);
    if (call != nullptr && part.run < retelling.first_run) lines.push_back(in_short(call->call));
  }
  std::string text = "You have already begun. To make room, what you said and these " + std::to_string(lines.size()) +
                     " calls with their results are left out here:\n";
  const std::size_t first = lines.size() - std::min(lines.size(), kMostCalls);
  if (first > 0) text += "- " + std::to_string(first) + " earlier calls\n";
  for (std::size_t line = first; line < lines.size(); ++line)
    text += lines[line];
  if (retelling.can_read_again) text += std::string(kReadEarlier) + " shows them again.";
  return text;
}

void append_message(Json& messages, const Message& message, const Senses& senses, const Retelling& retelling,
                    const std::vector<RunOutput>& outputs) {
  if (message.role == Role::User) {
    messages.push_back({{"role", "user"}, {"content", user_content(message.parts, senses)}});
    return;
  }
  for (const Run& run : runs_of(message.parts))
    if (!run.is_empty() && run.number >= retelling.first_run) append_run(messages, run, senses, retelling, outputs);
}

Json system_message(const std::string& text) {
  return {{"role", "system"}, {"content", text}};
}

Json tool_declarations(const std::vector<Tool>& tools) {
  Json declarations = Json::array();
  for (const Tool& tool : tools)
    declarations.push_back(
        {{"type", "function"},
         {"function", {{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}}}});
  return declarations;
}

}  // namespace facet::agent
