#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "agent/protocol.h"
#include "agent/text_model.h"
#include "agent/tool.h"

// Rows to the messages of the chat template (the shape that prompt/prompt.h describes). What is stored is richer than
// what the model is told: notices stay with the user.
namespace facet::agent {

// What one run of the model said, exactly, so that it can be repeated id by id while its turn lasts.
struct RunOutput {
  std::vector<std::int32_t> tokens;
  std::string text;
};

// What of pictures and sound reaches the model, and where they are read from (empty: nowhere any more).
struct Senses {
  bool sees = false;
  bool hears = false;
  std::function<std::string(const AttachmentPart&)> find = {};
};

// What of a conversation is told in short, because there is no room.
struct Retelling {
  CallId results_to = 0;  // long results of the calls up to this one are left out, and their pictures
  int first_run = 0;      // what an answer said and did before this run is left out
  bool can_read_again = false;
};
// The tool that shows again what was left out.
inline constexpr const char* kReadEarlier = "read_earlier";

// Whether leaving the result out makes room.
bool is_long_result(const Call& call);
// What an answer did before the first run that is told, a line for each call.
std::string runs_in_short(const Message& answer, const Retelling& retelling);

// Appends what a message means to the model: one template message for a user, and for an answer one for each run of
// the model followed by the results of its calls. `outputs` holds those of the runs that are still known exactly.
// Media stand before all text, as the models were trained, and pictures of a call behind its result; of what does not
// reach the model it is told the path, or that it is there.
void append_message(Json& messages, const Message& message, const Senses& senses, const Retelling& retelling = {},
                    const std::vector<RunOutput>& outputs = {});

// What of a file the model is shown.
std::vector<MediaItem> items_of(const AttachmentPart& file, const Senses& senses);

Json system_message(const std::string& text);
Json tool_declarations(const std::vector<Tool>& tools);

}  // namespace facet::agent
