#pragma once

#include "agent/prompt/piece_writer.h"
#include "agent/tool.h"

// Values as the template writes them into declarations, calls and results.
namespace facet::agent {

// A string between delimiters. Nothing is escaped; a delimiter inside the text stays ordinary text because it is data.
void write_string(PieceWriter& out, std::string_view text);

enum class Keys { Bare, Delimited };

// Null, booleans and numbers bare, strings delimited, objects sorted by key.
void write_value(PieceWriter& out, const Json& value, Keys keys = Keys::Bare);

// `key:value` joined by commas, without the braces.
void write_members(PieceWriter& out, const Json& object, Keys keys = Keys::Bare);

}  // namespace facet::agent
