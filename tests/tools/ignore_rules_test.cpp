#include "tools/ignore_rules.h"

#include <QProcess>
#include <QStandardPaths>
#include <QtTest>

#include "tests/tools/tool_fixture.h"

using namespace facet::tools;
using facet::tools::test::Folder;

namespace {

struct Rules {
  const char* name;
  const char* text;
};

// Each of these is put before git as well.
const Rules kRules[] = {
    {"suffix", "*.log\n"},
    {"negated", "*.log\n!keep.log\n"},
    {"negated, then again", "*.log\n!keep.log\nkeep.*\n"},
    {"folder", "build/\n"},
    {"anchored", "/build\n/a.log\n"},
    {"in the middle", "sub/build\n"},
    {"stars in front", "**/build\n"},
    {"stars at the end", "sub/**\n"},
    {"stars between", "sub/**/x.txt\n"},
    {"one level", "sub/*/x.txt\n"},
    {"question mark", "?.log\n"},
    {"set", "[ak]*.log\n[!a-j]eep.txt\n"},
    {"comment and spaces", "# a.log\n\n  \na.log   \n"},
    {"escaped", "\\#a.txt\n\\!b.txt\nspace\\ \n"},
    {"line ends", "a.log\r\nbuild/\r\n"},
    {"everything but", "/*\n!/sub/\n/sub/*\n!/sub/keep.log\n"},
    {"star in the middle", "a*g\n"},
    {"unclosed set", "[a.log\n"},
    {"backtracking", "*a*b*c.txt\n"},
    {"slash alone", "/\n"},
};

const char* const kFiles[] = {
    "a.log",           "keep.log",  "keep.txt",      "build/x.txt", "sub/a.log",   "sub/keep.log",
    "sub/build/x.txt", "sub/x.txt", "sub/b/c/x.txt", "sub/b/x.txt", "#a.txt",      "!b.txt",
    "space ",          "aXbXc.txt", "abcabc.txt",    "other/build", "other/a.log", "[a.log",
};

// Ignored when the file or a folder on the way to it is: nothing in an ignored folder can be brought back.
bool is_ignored(const IgnoreRules& rules, const std::string& path) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
    if (rules.ignored(path.substr(0, slash), EntryType::Folder)) return true;
  return rules.ignored(path, EntryType::File);
}

int git(const Folder& folder, const QStringList& arguments) {
  QProcess process;
  process.setWorkingDirectory(QString::fromStdString(folder.path()));
  QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
  environment.insert("GIT_CONFIG_GLOBAL", "/dev/null");
  environment.insert("GIT_CONFIG_NOSYSTEM", "1");
  process.setProcessEnvironment(environment);
  process.start("git", arguments);
  process.waitForFinished(60'000);
  return process.exitCode();
}

}  // namespace

class IgnoreRulesTest : public QObject {
  Q_OBJECT

 private slots:
  void agrees_with_git_data() {
    QTest::addColumn<QByteArray>("text");
    for (const Rules& rules : kRules)
      QTest::newRow(rules.name) << QByteArray(rules.text);
  }
  void agrees_with_git() {
    QFETCH(QByteArray, text);
    if (QStandardPaths::findExecutable("git").isEmpty()) QSKIP("git is not installed");
    const Folder folder;
    QCOMPARE(git(folder, {"init", "-q"}), 0);
    folder.write(".gitignore", text);
    for (const char* file : kFiles)
      folder.write(file, "x");
    IgnoreRules rules;
    rules.add("", parse_ignore_rules(text.toStdString()));
    for (const char* file : kFiles) {
      const bool expected = git(folder, {"check-ignore", "-q", "--no-index", "--", file}) == 0;
      QVERIFY2(is_ignored(rules, file) == expected, file);
    }
  }

  void deeper_files_decide_first() {
    IgnoreRules rules;
    rules.add("", parse_ignore_rules("*.log\n"));
    rules.add("sub", parse_ignore_rules("!a.log\n/b.txt\n"));
    QVERIFY(rules.ignored("a.log", EntryType::File));
    QVERIFY(!rules.ignored("sub/a.log", EntryType::File));
    QVERIFY(rules.ignored("sub/c.log", EntryType::File));
    QVERIFY(rules.ignored("sub/b.txt", EntryType::File));
    QVERIFY(!rules.ignored("sub/deep/b.txt", EntryType::File));
  }

  // A pattern made to be slow is not: matching by trying every division of the name would never end here.
  void hostile_patterns_end() {
    const std::string name(3000, 'a');
    std::string stars;
    std::string folders;
    for (int i = 0; i < 300; ++i) {
      stars += "*a";
      folders += "**/a/";
    }
    QVERIFY(!matches_name(stars + "*b", name));
    QVERIFY(matches_name(stars + "*", name));
    std::string path;
    for (int i = 0; i < 1000; ++i)
      path += "a/";
    IgnoreRules rules;
    rules.add("", parse_ignore_rules(folders + "b\n"));
    QVERIFY(!rules.ignored(path + "c", EntryType::File));
    QVERIFY(rules.ignored(path + "b", EntryType::File));
  }
};

QTEST_GUILESS_MAIN(IgnoreRulesTest)
#include "ignore_rules_test.moc"
