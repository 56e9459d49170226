#pragma once

#include <QByteArray>
#include <QDir>
#include <QFile>
#include <QString>
#include <QTemporaryDir>
#include <optional>
#include <string>

#include "agent/tool.h"
#include "tools/all_tools.h"

// What the tests of the tools share: a folder with files, and a call as the turn loop makes it.
namespace facet::tools::test {

using agent::Json;
using agent::PlannedEffect;
using agent::Tool;
using agent::ToolContext;
using agent::ToolResult;

class Folder {
 public:
  Folder() : root_(QDir(directory_.path()).canonicalPath().toStdString()) {}

  std::string path(const std::string& name = {}) const { return name.empty() ? root_ : root_ + "/" + name; }

  void make_folder(const std::string& name) const { QDir().mkpath(QString::fromStdString(path(name))); }

  void write(const std::string& name, const QByteArray& content) const {
    const std::size_t slash = name.rfind('/');
    if (slash != std::string::npos) make_folder(name.substr(0, slash));
    QFile file(QString::fromStdString(path(name)));
    if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size()) qFatal("writing a test file failed");
  }

  void link(const std::string& target, const std::string& name) const {
    if (::symlink(target.c_str(), path(name).c_str()) != 0) qFatal("making a symlink failed");
  }

 private:
  QTemporaryDir directory_;
  std::string root_;
};

struct Outcome {
  std::optional<PlannedEffect> planned;
  std::string text;  // the result, or the sentence with which planning failed, as the model is told it
  bool failed = false;
  Json details;
};

// Plans and, where the plan stays inside the folders or outside is allowed, runs.
inline Outcome call(const Tool& tool, const Json& arguments, const ToolContext& context) {
  const Result<PlannedEffect> planned = tool.plan(arguments, context);
  if (!planned.ok()) return {std::nullopt, "error: " + planned.error().message, true, {}};
  ToolResult result = tool.run(arguments, *planned, context);
  return {*planned, std::move(result.content), result.failed, std::move(result.details)};
}

inline ToolContext context_of(std::vector<std::string> folders) {
  ToolContext context;
  context.folders = std::move(folders);
  return context;
}

}  // namespace facet::tools::test

// Compares a whole answer and prints it when it differs.
#define COMPARE_TEXT(actual, expected) QCOMPARE(QString::fromStdString(actual), QString::fromUtf8(expected))
