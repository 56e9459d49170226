#pragma once

#include <QString>
#include <QStringList>

#include "tests/ui/support/scripted_agent.h"

namespace facet::ui::test {

agent::ModelChanged practice_model();
// An answer with every kind of Markdown.
QString rich_markdown();
agent::Call sample_call(const std::string& tool, const std::string& arguments, agent::CallState state,
                        const std::string& result, std::int64_t took_ms);

// Situations that the window can be shown in: "start", "chat", "tools", "approval", "streaming", "reading", "error",
// "search", "long", "loading", "places", "files", "recording", "memory", "plan", "screen".
QStringList scene_names();
// Puts some history into the store; before the window opens.
void write_history(ScriptedAgent& agent);
// One conversation of this many questions and answers.
void write_long_conversation(ScriptedAgent& agent, int turns);
// A recording that is being transcribed.
void write_recording(ScriptedAgent& agent);
// What was kept in memory by some of these conversations.
void write_memory(ScriptedAgent& agent);
// Loads the model and prepares the answer of a scene. Returns the question that the user has to ask; empty for none.
QString prepare_scene(const QString& name, ScriptedAgent& agent);
// What happens in a scene when the question has been asked.
void finish_scene(const QString& name, ScriptedAgent& agent);
// The files of a scene, which are made in the folder, and what the agent tells of them.
QStringList prepare_files(const QString& name, const QString& folder, ScriptedAgent& agent);

}  // namespace facet::ui::test
