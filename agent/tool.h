#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/protocol.h"
#include "engine/base/result.h"

// A tool is a value: what the model is told about it, what it may do, and a function. The turn loop takes every call
// through prepare (find the tool, check the arguments against the schema, resolve what would happen), authorize (the
// policy and, where it asks, the user), run, and finish (cap the result, write the row, send the event).
namespace facet::agent {

using Json = nlohmann::json;

class OwnState;

// The real effect of one call, found by the tool before anything happens and without side effects. What is shown to the
// user and what runs are the same object.
struct PlannedEffect {
  Effect effect = Effect::Read;
  std::string text;                  // for the user: "Read /home/ann/notes/plan.md"
  std::vector<std::string> paths;    // resolved, absolute, symlinks followed
  bool inside_folders = true;        // all paths lie beneath a folder of the conversation, as the kernel resolves them
  std::string basis = {};            // stands for what the call would change and for what it would become
  std::vector<Effect> further = {};  // what it does besides; each has to be allowed
  // Of a program that nothing would hold: why, one sentence. Then the user is asked whatever has been allowed before.
  std::string unguarded = {};

  bool operator==(const PlannedEffect&) const = default;
};

// At most so much of a result is told, and so much of what it was cut from is kept.
constexpr std::size_t kMaxResultBytes = std::size_t{24} * 1024;
constexpr std::size_t kMaxKeptBytes = std::size_t{1024} * 1024;

struct ToolContext {
  std::vector<std::string> folders;  // absolute; relative paths of the model resolve against the first
  std::stop_token stop;
  std::function<void(std::string_view)> progress;  // one line about what is going on
  std::size_t result_limit_bytes = kMaxResultBytes;  // longer ones are cut by the tool, which says how to read on
  bool outside_allowed = false;                      // the user has allowed the planned paths although they lie outside the folders
  ConversationId conversation = 0;
};

// A picture that a tool has made for the model, encoded as PNG or JPEG.
struct ToolPicture {
  std::string name;        // for the user: "screen 1.png"
  std::string media_type;  // "image/png"
  std::string bytes;
  // How closely it is looked at at least, in soft tokens, where small text may be in it; 0: what it shows decides.
  std::uint32_t least_budget = 0;
};

// What a tool answers. A failure is an answer to the model as well: `failed` with a sentence such as
// "error: no such file: plan.md".
struct ToolResult {
  std::string content;
  Json details = Json::object();
  bool failed = false;
  // What `content` was cut from, where it can not be had again; kept so that the model can read on. At most
  // kMaxKeptBytes of it.
  std::string whole = {};
  std::vector<ToolPicture> pictures = {};  // the model sees them behind `content`; none of a call that failed

  static ToolResult failure(std::string sentence) { return {"error: " + std::move(sentence), Json::object(), true}; }
};

struct Tool {
  std::string name;
  std::string description;
  Json parameters;  // JSON schema, an object
  Effect effect = Effect::Read;

  // Resolves what the call would do. The arguments have passed the schema. An error is told to the model.
  std::function<Result<PlannedEffect>(const Json& arguments, const ToolContext&)> plan;
  // Does it. Must observe the stop token at least every 100 ms. May throw nothing.
  std::function<ToolResult(const Json& arguments, const PlannedEffect&, const ToolContext&)> run;
  // Instead of `run`, of a tool that changes what is the agent's own and not the machine: on the agent thread, which
  // alone may write the store. Must return at once.
  std::function<ToolResult(const Json& arguments, OwnState&)> run_in_agent = {};
};

}  // namespace facet::agent
