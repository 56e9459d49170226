#pragma once

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include "agent/prompt/prompt.h"
#include "agent/turn.h"
#include "tests/agent/must.h"
#include "tests/agent/scripted_model.h"

// Turns on a store of their own, with a model that follows a script and hooks that do nothing.
namespace facet::agent {

struct TurnFixture {
  QTemporaryDir folder;
  std::filesystem::path root = folder.path().toStdString();
  std::filesystem::path path = root / "facet.sqlite";
  std::unique_ptr<Store> store = must(Store::open(path));
  std::unique_ptr<StoreReader> reader = must(StoreReader::open(path));
  std::shared_ptr<Script> script = std::make_shared<Script>();
  ScriptedModel model{script};
  TurnOptions options;
  TurnHooks hooks;
  std::vector<Event> events;
  std::int64_t now_ms = 1000;

  TurnFixture() {
    options.seed = 7;
    hooks.send = [this](const Event& event) { events.push_back(event); };
    hooks.ask = [](const Approval&, std::stop_token) { return std::optional(Decision::Deny); };
    hooks.run_tool = [](const auto& work, const ToolProgress& progress) { return work(progress); };
    hooks.serve = [] {};
    hooks.now_ms = [this] { return now_ms; };
  }

  // One turn from question to answer; the conversation it took place in.
  ConversationId turn(const UserTurn& question, std::stop_token stop = {}) {
    Turn begun = must(begin_turn(*store, *reader, question));
    const ConversationId id = begun.conversation.id;
    run_turn(std::move(begun), *store, *reader, &model, options, hooks, stop);
    return id;
  }
  UserTurn ask(const std::string& text, ConversationId conversation = 0) const {
    return {.conversation = conversation, .text = text, .attachments = {}, .folders = {"/home/ann/notes"}};
  }
  std::string prompt(std::size_t request) const { return prompt_text(script->requests.at(request).prompt); }
  std::string file(const std::string& name, const QByteArray& content) const {
    QFile out(QString::fromStdString((root / name).string()));
    if (!out.open(QIODevice::WriteOnly) || out.write(content) != content.size()) qFatal("file");
    return std::filesystem::canonical(root / name).string();
  }
  TurnFinished finished() const { return std::get<TurnFinished>(events.back()); }
};

inline Tool echo_tool() {
  Tool tool;
  tool.name = "echo";
  tool.description = "Says it again.";
  tool.parameters = Json::parse(R"({"type":"object","properties":{"text":{"type":"string"}},"required":["text"]})");
  tool.plan = [](const Json&, const ToolContext&) { return Result<PlannedEffect>(PlannedEffect{}); };
  tool.run = [](const Json& arguments, const PlannedEffect&, const ToolContext&) {
    return ToolResult{arguments["text"].get<std::string>(), Json::object(), false};
  };
  return tool;
}

inline const std::string kEchoCall = "<|tool_call>call:echo{text:<|\"|>hey<|\"|>}<tool_call|>";

}  // namespace facet::agent
