#include <QDir>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

// What the built-in model is for: small tasks from the question to the changed file, through the program itself.
class PracticeTasksTest : public QObject {
  Q_OBJECT

 private slots:
  void finds_a_fact_among_fifty_files();
  void changes_a_value();
  void runs_a_command();
  void follows_a_plan();
  void outlines_a_source();
  void reads_a_symbol();

 private:
  struct Outcome {
    int status = -1;
    QString out;
    QString err;
  };
  // The model is told the name of its folder, so that another one would be another question.
  class WorkingFolder {
   public:
    WorkingFolder() {
      QDir(kPath).removeRecursively();
      QVERIFY(QDir().mkpath(kPath));
    }
    ~WorkingFolder() { QDir(kPath).removeRecursively(); }
    Q_DISABLE_COPY_MOVE(WorkingFolder)
    QString path() const { return kPath; }
    QString filePath(const QString& name) const { return kPath + '/' + name; }

   private:
    const QString kPath = QStringLiteral("/tmp/facet-practice-tasks");
  };
  static void write(const WorkingFolder& folder, const QString& name, const QByteArray& text) {
    QFile file(folder.filePath(name));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(text);
  }
  static QByteArray content_of(const WorkingFolder& folder, const QString& name) {
    QFile file(folder.filePath(name));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
  }
  static Outcome ask(const WorkingFolder& folder, const QString& question) {
    const QTemporaryDir data;
    QProcess process;
    process.start(FACET_PROGRAM, {"ask", "--data", data.path(), "--folder", folder.path(), "--threads", "2",
                                  "--temperature", "0", "--backend", "cpu", "--allow", "read,write,execute", question});
    process.closeWriteChannel();
    if (!process.waitForFinished(600000)) return {};
    return {process.exitCode(), QString::fromUtf8(process.readAllStandardOutput()).trimmed(),
            QString::fromUtf8(process.readAllStandardError())};
  }
};

void PracticeTasksTest::finds_a_fact_among_fifty_files() {
  const WorkingFolder folder;
  const QStringList things = {"ferry", "garden", "tower", "kitchen", "bridge"};
  for (int i = 0; i < 49; ++i)
    write(
        folder, QString("file%1.txt").arg(i),
        QString("The %1 opens at %2:30.\nNothing new about the canal.\n").arg(things[i % 5]).arg(8 + i % 10).toUtf8());
  write(folder, "teams.txt", "Anna Brown leads the harbor team.\nPeter leads the crane team.\n");
  const Outcome outcome = ask(folder, "Who leads the harbor team? Search my files.");
  QVERIFY2(outcome.status == 0, qPrintable(outcome.err));
  QCOMPARE(outcome.out, QString("Anna Brown leads the harbor team (teams.txt)."));
}

void PracticeTasksTest::changes_a_value() {
  const WorkingFolder folder;
  write(folder, "harbor.txt", "owner: Maria Berg\nbudget: 48,000 EUR\ndeadline: 14 March\n");
  const Outcome outcome = ask(folder, "Change the budget in harbor.txt to 52,000 EUR.");
  QVERIFY2(outcome.status == 0, qPrintable(outcome.err));
  QCOMPARE(content_of(folder, "harbor.txt"), QByteArray("owner: Maria Berg\nbudget: 52,000 EUR\ndeadline: 14 March\n"));
  QCOMPARE(outcome.out, QString("The budget in harbor.txt is now 52,000 EUR."));
}

void PracticeTasksTest::runs_a_command() {
  const WorkingFolder folder;
  write(folder, "notes.txt", "one\ntwo\nthree\n");
  const Outcome outcome = ask(folder, "Run `wc -l notes.txt`");
  QVERIFY2(outcome.status == 0, qPrintable(outcome.err));
  QCOMPARE(outcome.out, QString("Output: 3 notes.txt"));
}

void PracticeTasksTest::follows_a_plan() {
  const WorkingFolder folder;
  write(folder, "a.txt", "owner: Maria Berg\nbudget: 48,000 EUR\n");
  const Outcome outcome =
      ask(folder, "Make a plan first: 1. read a.txt 2. write its budget to b.txt 3. run `cat b.txt`");
  QVERIFY2(outcome.status == 0, qPrintable(outcome.err));
  QCOMPARE(content_of(folder, "b.txt"), QByteArray("budget: 48,000 EUR"));
  QCOMPARE(outcome.out, QString("All steps are done. Output: budget: 48,000 EUR"));
}

namespace {

const QByteArray kSource =
    "#include <stdio.h>\n"
    "\n"
    "int depth(int berth) {\n"
    "  return berth + 4;\n"
    "}\n"
    "\n"
    "struct crane {\n"
    "  int height;\n"
    "};\n"
    "\n"
    "void lift_anchor(const char* name) {\n"
    "  puts(name);\n"
    "}\n";

}  // namespace

void PracticeTasksTest::outlines_a_source() {
  const WorkingFolder folder;
  write(folder, "harbor.c", kSource);
  const Outcome outcome = ask(folder, "Which functions does harbor.c have?");
  QVERIFY2(outcome.status == 0, qPrintable(outcome.err));
  QCOMPARE(outcome.out, QString("harbor.c consists of:\n3-5 int depth(int berth)\n7-9 struct crane\n  8 int height\n"
                                "11-13 void lift_anchor(const char* name)"));
}

void PracticeTasksTest::reads_a_symbol() {
  const WorkingFolder folder;
  write(folder, "harbor.c", kSource);
  const Outcome outcome = ask(folder, "Show me the function lift_anchor in harbor.c.");
  QVERIFY2(outcome.status == 0, qPrintable(outcome.err));
  QCOMPARE(outcome.out,
           QString("lift_anchor (harbor.c):\n11: void lift_anchor(const char* name) {\n12:   puts(name);\n13: }"));
}

QTEST_GUILESS_MAIN(PracticeTasksTest)
#include "practice_tasks_test.moc"
