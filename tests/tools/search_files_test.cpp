#include <unistd.h>

#include <QStringEncoder>
#include <QtTest>

#include "tests/tools/tool_fixture.h"

using namespace facet::tools::test;

class SearchFilesTest : public QObject {
  Q_OBJECT

 private:
  const Tool tool_ = facet::tools::search_files_tool();

  std::string search(const Folder& folder, const std::string& query) const {
    return call(tool_, {{"query", query}}, context_of({folder.path()})).text;
  }

 private slots:
  void declares_itself_as_the_practice_model_knows_it() {
    QCOMPARE(QString::fromStdString(tool_.name), QStringLiteral("search_files"));
    QCOMPARE(QString::fromStdString(tool_.description),
             QStringLiteral("Search the files in a folder for words and return the matching lines."));
    const Json expected = Json::parse(R"({"type": "object", "properties": {
        "query": {"type": "string", "description": "Words to look for.", "minLength": 1},
        "path": {"type": "string", "description": "Folder to search; the working folder when left out."}},
        "required": ["query"]})");
    QCOMPARE(QString::fromStdString(tool_.parameters.dump()), QString::fromStdString(expected.dump()));
  }

  void finds_the_phrase_without_regard_to_case() {
    const Folder folder;
    folder.write("tea.log", "first\n  Ask OLGA Moreau about the violin.  \n");
    folder.write("notes/b.txt", "olga moreau\nolga\n");
    folder.write("notes/a.txt", "Moreau, Olga\n");
    const Outcome outcome = call(tool_, {{"query", " Olga Moreau "}}, context_of({folder.path()}));
    COMPARE_TEXT(outcome.text, "tea.log:2: Ask OLGA Moreau about the violin.\nnotes/b.txt:1: olga moreau");
    COMPARE_TEXT(outcome.planned->text, ("Search " + folder.path()).c_str());
    const Json expected = {
        {"path", folder.path()}, {"query", " Olga Moreau "}, {"hits", 2}, {"match", "phrase"}, {"files", 3}};
    COMPARE_TEXT(outcome.details.dump(), expected.dump().c_str());
  }

  void folds_letters_beyond_ascii() {
    const Folder folder;
    folder.write("menu.txt", "CRÈME BRÛLÉE\nΣΊΣΥΦΟΣ\n");
    COMPARE_TEXT(search(folder, "crème brûlée"), "menu.txt:1: CRÈME BRÛLÉE");
    COMPARE_TEXT(search(folder, "σίσυφοσ"), "menu.txt:2: ΣΊΣΥΦΟΣ");
  }

  void falls_back_to_all_words_and_then_to_some() {
    const Folder folder;
    folder.write("a.txt", "the moreau sisters, olga first\nolga alone\nof no use\n");
    COMPARE_TEXT(search(folder, "Olga Moreau?"),
                 "[no line has the whole phrase; lines with all words:]\na.txt:1: the moreau sisters, olga first");
    COMPARE_TEXT(search(folder, "alone olga violin of"),
                 "[no line has all words; lines with some of them:]\na.txt:2: olga alone\n"
                 "a.txt:1: the moreau sisters, olga first");
    COMPARE_TEXT(search(folder, "piano of"), "no matches for piano of");
  }

  void lists_names_that_match() {
    const Folder folder;
    folder.write("harbor_plan.md", "nothing of it\n");
    folder.write("old/Harbor-Plan.txt", "the harbor plan\n");
    folder.write("other.txt", "see the harbor plan\n");
    COMPARE_TEXT(search(folder, "harbor plan"),
                 "other.txt:1: see the harbor plan\nold/Harbor-Plan.txt:1: the harbor plan\nharbor_plan.md");
    COMPARE_TEXT(search(folder, "harbor_plan.md"), "harbor_plan.md");
  }

  void searches_a_folder_or_one_file() {
    const Folder folder;
    folder.write("notes/a.txt", "needle\n");
    folder.write("b.txt", "needle\n");
    const ToolContext context = context_of({folder.path()});
    COMPARE_TEXT(call(tool_, {{"query", "needle"}, {"path", "notes"}}, context).text, "notes/a.txt:1: needle");
    COMPARE_TEXT(call(tool_, {{"query", "needle"}, {"path", "b.txt"}}, context).text, "b.txt:1: needle");
    COMPARE_TEXT(call(tool_, {{"query", "needle"}, {"path", "none"}}, context).text, "error: no such folder: none");
    COMPARE_TEXT(call(tool_, {{"query", "needle"}, {"path", "/etc"}}, context).text, "error: not allowed: /etc");
    COMPARE_TEXT(call(tool_, {{"query", "  "}}, context).text, "error: query is empty");
  }

  void names_files_of_other_folders_in_full() {
    const Folder first;
    const Folder second;
    second.write("x.txt", "needle\n");
    const Outcome outcome =
        call(tool_, {{"query", "needle"}, {"path", second.path()}}, context_of({first.path(), second.path()}));
    COMPARE_TEXT(outcome.text, (second.path("x.txt") + ":1: needle").c_str());
  }

  void skips_hidden_binary_and_linked_files() {
    const Folder outside;
    outside.write("far.txt", "needle outside\n");
    const Folder folder;
    folder.write("seen.txt", "needle\n");
    folder.write(".hidden", "needle\n");
    folder.write(".git/config", "needle\n");
    folder.write("data.bin", QByteArray("needle\0\0\0", 9));
    folder.link(outside.path("far.txt"), "file-link.txt");
    folder.link(outside.path(), "folder-link");
    folder.link(".", "loop");
    COMPARE_TEXT(search(folder, "needle"), "seen.txt:1: needle");
  }

  void reads_other_encodings() {
    const Folder folder;
    const QString text = QStringLiteral("first\nthe needle ü\n");
    folder.write("wide.txt",
                 QByteArray(QStringEncoder(QStringConverter::Utf16LE, QStringConverter::Flag::WriteBom).encode(text)));
    folder.write("latin.txt", text.toLatin1());
    COMPARE_TEXT(search(folder, "NEEDLE Ü"), "latin.txt:2: the needle ü\nwide.txt:2: the needle ü");
  }

  void respects_ignore_files() {
    const Folder folder;
    folder.write(".gitignore", "*.log\n!keep.log\n/build/\n");
    folder.write("sub/.ignore", "secret.*\n");
    for (const char* name : {"a.log", "keep.log", "build/x.txt", "sub/build/y.txt", "sub/secret.txt", "sub/z.log"})
      folder.write(name, "needle\n");
    COMPARE_TEXT(search(folder, "needle"), "keep.log:1: needle\nsub/build/y.txt:1: needle");
    const ToolContext context = context_of({folder.path()});
    // The rules of the folders above hold as well when the search begins further down.
    COMPARE_TEXT(call(tool_, {{"query", "needle"}, {"path", "sub"}}, context).text, "sub/build/y.txt:1: needle");
    COMPARE_TEXT(call(tool_, {{"query", "needle"}, {"path", "sub/build"}}, context).text, "sub/build/y.txt:1: needle");
  }

  void shows_the_part_of_a_long_line_that_matches() {
    const Folder folder;
    folder.write("wide.txt", QString::fromUtf8("é").repeated(2000).toUtf8() + "needle" + QByteArray(2000, 'z'));
    const QString text = QString::fromStdString(search(folder, "needle"));
    QVERIFY(text.startsWith(QString::fromUtf8("wide.txt:1: …é")));
    QVERIFY(text.contains("needle"));
    QVERIFY(text.endsWith(QString::fromUtf8("z…")));
    QVERIFY(text.toUtf8().size() < 340);
  }

  void ends_after_the_most_hits() {
    const Folder folder;
    QByteArray text;
    for (int i = 0; i < 150; ++i)
      text += "needle " + QByteArray::number(i) + "\n";
    folder.write("a.txt", text);
    const QString result = QString::fromStdString(search(folder, "needle"));
    QVERIFY(result.contains("a.txt:100: needle 99\n"));
    QVERIFY(!result.contains("a.txt:101:"));
    QVERIFY(result.endsWith("\n[the first 100 hits; search for more words or in one folder to see others]"));

    ToolContext context = context_of({folder.path()});
    context.result_limit_bytes = 600;
    const Outcome small = call(tool_, {{"query", "needle"}}, context);
    QVERIFY(small.text.size() <= 600);
    QVERIFY(small.text.ends_with("hits; search for more words or in one folder to see others]"));
  }

  void stops_and_tells_progress() {
    const Folder folder;
    for (int i = 0; i < 600; ++i)
      folder.write("f" + std::to_string(i), "text\n");
    std::stop_source source;
    ToolContext context = context_of({folder.path()});
    context.stop = source.get_token();
    std::vector<std::string> lines;
    context.progress = [&](std::string_view line) {
      lines.emplace_back(line);
      source.request_stop();
    };
    COMPARE_TEXT(call(tool_, {{"query", "needle"}}, context).text, "error: stopped by the user");
    QCOMPARE(lines, std::vector<std::string>{"searched 500 files"});
  }
};

QTEST_APPLESS_MAIN(SearchFilesTest)
#include "search_files_test.moc"
