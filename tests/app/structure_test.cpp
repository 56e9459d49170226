#include <QDirIterator>
#include <QFile>
#include <QMap>
#include <QRegularExpression>
#include <QSet>
#include <QtTest>

// The rules of the house that the compiler does not know: which folder may include what.
namespace {

const QString kRoot = QStringLiteral(FACET_SOURCE_DIR);

// From each folder of sources to those that it may include besides itself.
const QMap<QString, QSet<QString>> kMayInclude = {
    {"engine", {}},
    {"agent", {"engine"}},
    {"tools", {"agent", "engine"}},
    {"ui", {"agent", "engine"}},
    {"app", {"ui", "tools", "agent", "engine"}},
    {"tests", {"tests", "app", "ui", "tools", "agent", "engine"}},
};

const QSet<QString> kMayUseQt = {"tools", "ui", "app", "tests"};

struct Include {
  QString file;    // relative to the root
  QString header;  // as it is written
  bool quoted = false;
};

QStringList source_files() {
  QStringList files;
  for (const QString& folder : kMayInclude.keys()) {
    QDirIterator iterator(kRoot + "/" + folder, {"*.h", "*.cpp"}, QDir::Files, QDirIterator::Subdirectories);
    while (iterator.hasNext())
      files.append(iterator.next().mid(kRoot.size() + 1));
  }
  files.sort();
  return files;
}

QString text_of(const QString& file) {
  QFile source(kRoot + "/" + file);
  if (!source.open(QIODevice::ReadOnly)) qFatal("a source file can not be read");
  return QString::fromUtf8(source.readAll());
}

QList<Include> includes_of(const QString& file, const QString& text) {
  static const QRegularExpression pattern(QStringLiteral(R"(^\s*#\s*include\s*(["<])([^">]+)[">])"),
                                          QRegularExpression::MultilineOption);
  QList<Include> includes;
  for (auto matches = pattern.globalMatch(text); matches.hasNext();) {
    const QRegularExpressionMatch match = matches.next();
    includes.append({file, match.captured(2), match.captured(1) == "\""});
  }
  return includes;
}

QString folder_of(const QString& path) {
  return path.section('/', 0, 0);
}

bool is_qt(const QString& header) {
  static const QRegularExpression pattern(
      QStringLiteral("^(Qt[A-Z][A-Za-z]*/)?Q[A-Z][A-Za-z0-9]*$|^q[a-z]+\\.h$|^QtTest$"));
  return pattern.match(header).hasMatch();
}

// Which rule an include breaks; empty when it breaks none.
QString broken_rule(const Include& include) {
  const QString from = folder_of(include.file);
  const QString to = folder_of(include.header);
  if (is_qt(include.header) && !kMayUseQt.contains(from)) return "Qt is used in tools, ui, app and tests only";
  if (include.header == "sqlite3.h" && from != "tests" && !include.file.startsWith("agent/store/"))
    return "SQLite is used in agent/store only";
  const bool is_ffmpeg = include.header.startsWith("libav") || include.header.startsWith("libsw");
  if (is_ffmpeg && !include.file.startsWith("tools/media/program/"))
    return "FFmpeg is used in the program that decodes only, tools/media/program";
  if (include.header.startsWith("tree_sitter/") && !include.file.startsWith("tools/code/"))
    return "tree-sitter is used in tools/code only";
  if (!include.quoted || !include.header.contains('/') || !kMayInclude.contains(to)) return {};
  if (from != to && !kMayInclude[from].contains(to)) return from + " may not include " + to;
  const bool opens_engine = from == "app" || from == "tests" || include.file.startsWith("agent/local_model");
  // Pictures and sound are values that tools read from files, screens and microphones; voices are found in spectra.
  const bool is_media = include.header == "engine/media/video_frames.h" || include.header == "engine/media/resample.h";
  // Schemas become grammars here, and masks of tokens in agent/local_model.
  static const QSet<QString> kGrammar = {"engine/text/grammar.h", "engine/text/number_form.h",
                                         "engine/text/text_form.h"};
  const bool shared = (kGrammar.contains(include.header) && include.file.startsWith("agent/grammar/")) ||
                      include.header.startsWith("engine/base/") ||
                      (include.header == "engine/media.h" && from != "ui") ||
                      (is_media && include.file.startsWith("tools/media/")) ||
                      (include.header == "engine/media/real_fft.h" && include.file.startsWith("agent/meeting/"));
  if (from != "engine" && to == "engine" && !shared && !opens_engine)
    return "beyond engine/base and engine/media.h the engine is used in agent/local_model and app only";
  return {};
}

bool is_reachable(const Include& include) {
  if (include.header.endsWith(".moc") || QFile::exists(kRoot + "/" + include.header)) return true;
  const QString beside = include.file.section('/', 0, -2) + "/" + include.header;
  return folder_of(include.file) == "tests" && !include.header.contains('/') && QFile::exists(kRoot + "/" + beside);
}

QString described(const Include& include) {
  return include.file + " includes " + include.header;
}

}  // namespace

class StructureTest : public QObject {
  Q_OBJECT

 private slots:
  void includes_point_downward() {
    const QStringList files = source_files();
    QVERIFY(files.size() > 50);
    QStringList broken;
    for (const QString& file : files)
      for (const Include& include : includes_of(file, text_of(file)))
        if (const QString rule = broken_rule(include); !rule.isEmpty()) broken.append(described(include) + ": " + rule);
    QCOMPARE(broken.join("\n"), QString());
  }

  // Project files are named by their path from the root, so that the rule above can see where an include goes. Tests
  // may name what lies beside them.
  void project_includes_name_the_whole_path() {
    QStringList broken;
    for (const QString& file : source_files())
      for (const Include& include : includes_of(file, text_of(file)))
        if (include.quoted && !is_reachable(include)) broken.append(described(include));
    QCOMPARE(broken.join("\n"), QString());
  }

  // What the rules above refuse, so that they are known to refuse something.
  void rules_refuse_data() {
    QTest::addColumn<QString>("line");
    QTest::addColumn<QString>("file");
    QTest::addColumn<bool>("allowed");
    const auto row = [](const char* file, const char* line, bool allowed) {
      QTest::addRow("%s: %s", file, line) << QString(line) << QString(file) << allowed;
    };
    row("engine/a.cpp", "#include \"agent/tool.h\"", false);
    row("engine/a.cpp", "#include <QString>", false);
    row("engine/a.cpp", "#include \"engine/gguf/gguf_file.h\"", true);
    row("agent/a.cpp", "#include \"tools/all_tools.h\"", false);
    row("agent/a.cpp", "#include \"engine/engine.h\"", false);
    row("agent/a.cpp", "#include \"engine/text/grammar.h\"", false);
    row("agent/grammar/a.cpp", "#include \"engine/text/grammar.h\"", true);
    row("agent/grammar/a.cpp", "#include \"engine/text/token_matcher.h\"", false);
    row("agent/a.cpp", "#include \"engine/base/result.h\"", true);
    row("tools/a.cpp", "#include \"engine/media.h\"", true);
    row("tools/a.cpp", "#include \"engine/media/patches.h\"", false);
    row("tools/media/a.cpp", "#include \"engine/media/video_frames.h\"", true);
    row("tools/a.cpp", "#include \"engine/media/video_frames.h\"", false);
    row("tools/media/a.cpp", "#include \"engine/media/patches.h\"", false);
    row("tools/media/program/a.cpp", "#include <libavcodec/avcodec.h>", true);
    row("tools/media/a.cpp", "#include <libavcodec/avcodec.h>", false);
    row("tools/code/a.cpp", "#include <tree_sitter/api.h>", true);
    row("tools/a.cpp", "#include <tree_sitter/api.h>", false);
    row("ui/a.cpp", "#include \"engine/media.h\"", false);
    row("agent/local_model.cpp", "#include \"engine/engine.h\"", true);
    row("agent/a.cpp", "#include <QtCore/QString>", false);
    row("agent/a.cpp", "  #  include <sqlite3.h>", false);
    row("agent/store/a.cpp", "#include <sqlite3.h>", true);
    row("tools/a.cpp", "#include \"ui/main_window.h\"", false);
    row("tools/a.cpp", "#include <QChar>", true);
    row("ui/a.cpp", "#include \"tools/all_tools.h\"", false);
    row("ui/a.cpp", "#include \"engine/engine.h\"", false);
    row("ui/a.cpp", "#include \"app/paths.h\"", false);
    row("ui/a.cpp", "#include \"tests/engine/tiny_model.h\"", false);
    row("app/a.cpp", "#include \"ui/main_window.h\"", true);
  }
  void rules_refuse() {
    QFETCH(QString, line);
    QFETCH(QString, file);
    QFETCH(bool, allowed);
    const QList<Include> includes = includes_of(file, line + "\n");
    QCOMPARE(includes.size(), 1);
    QCOMPARE(broken_rule(includes.front()).isEmpty(), allowed);
  }

  // At the level of a file: inside a function it binds nobody else.
  void headers_open_no_namespace() {
    static const QRegularExpression pattern(QStringLiteral(R"(^using\s+namespace\b)"),
                                            QRegularExpression::MultilineOption);
    QStringList broken;
    for (const QString& file : source_files())
      if (file.endsWith(".h") && text_of(file).contains(pattern)) broken.append(file);
    QCOMPARE(broken.join("\n"), QString());
  }

  void every_folder_says_what_it_is() {
    QStringList missing;
    for (const char* folder : {"engine", "agent", "tools", "ui", "app", "tests", "packaging", "resources"})
      if (!QFile::exists(kRoot + "/" + folder + "/README.md")) missing.append(folder);
    QCOMPARE(missing.join("\n"), QString());
  }
};

QTEST_APPLESS_MAIN(StructureTest)
#include "structure_test.moc"
