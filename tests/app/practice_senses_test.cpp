#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>
#include <algorithm>
#include <numeric>

// What the built-in model reads, names and hears, through the program: pictures, voices and sentences that its training
// never saw (resources/built-in-model/make_senses_eval.py).
class PracticeSensesTest : public QObject {
  Q_OBJECT

 private slots:
  void cases_data();
  void cases();
};

namespace {

const QString kFolder = QStringLiteral(FACET_SOURCE_DIR "/resources/built-in-model/eval/senses/");

struct Case {
  QString file;
  QString text;
};

QList<Case> cases_of(const QString& kind) {
  QFile lines(kFolder + "senses.jsonl");
  QList<Case> cases;
  if (!lines.open(QIODevice::ReadOnly)) return cases;
  while (!lines.atEnd()) {
    const QJsonObject one = QJsonDocument::fromJson(lines.readLine()).object();
    if (one["kind"].toString() == kind) cases.append({one["file"].toString(), one["text"].toString()});
  }
  return cases;
}

// The least number of elements to change, insert or leave out.
template <typename List>
int distance(const List& said, const List& wanted) {
  std::vector<int> row(static_cast<std::size_t>(wanted.size()) + 1);
  std::iota(row.begin(), row.end(), 0);
  for (qsizetype i = 0; i < said.size(); ++i) {
    int diagonal = row[0]++;
    for (qsizetype j = 0; j < wanted.size(); ++j) {
      const auto at = static_cast<std::size_t>(j) + 1;
      const int changed = diagonal + (said[i] == wanted[j] ? 0 : 1);
      diagonal = row[at];
      row[at] = std::min({changed, row[at] + 1, row[at - 1] + 1});
    }
  }
  return row.back();
}

// The model is told this name, so that another one would be another question.
const QString kWorkingFolder = QStringLiteral("/tmp/facet-practice-senses");

QString ask(const QStringList& arguments) {
  const QTemporaryDir data;
  QDir().mkpath(kWorkingFolder);
  QProcess process;
  process.start(FACET_PROGRAM, QStringList{"ask", "--data", data.path(), "--folder", kWorkingFolder, "--backend", "cpu",
                                           "--threads", "2", "--temperature", "0"} +
                                   arguments);
  process.closeWriteChannel();
  if (!process.waitForFinished(120000) || process.exitCode() != 0) {
    // All of what was wanted is missing.
    qInfo("%s failed: %s", qPrintable(arguments.last()), process.readAllStandardError().constData());
    return {};
  }
  return QString::fromUtf8(process.readAllStandardOutput()).trimmed();
}

}  // namespace

void PracticeSensesTest::cases_data() {
  QTest::addColumn<QString>("kind");
  QTest::addColumn<QString>("question");
  QTest::addColumn<QString>("lead");
  QTest::addColumn<double>("least_exact");
  QTest::addColumn<double>("most_wrong");
  // Percent of the answers, and of characters or words: a little less than what the files in the repository reach, for
  // processors add up in different orders. The model card has more.
  QTest::newRow("lines of text") << "line"
                                 << "What does the picture say?"
                                 << "The picture says: " << 90.0 << 3.0;
  QTest::newRow("colours and shapes") << "thing"
                                      << "What does the picture show?"
                                      << "The picture shows: " << 95.0 << 4.0;
  QTest::newRow("speech") << "speech"
                          << "What is said in the recording?"
                          << "" << 90.0 << 4.0;
  QTest::newRow("voices it never heard") << "new voice"
                                         << "What is said in the recording?"
                                         << "" << 60.0 << 20.0;
}

void PracticeSensesTest::cases() {
  QFETCH(QString, kind);
  QFETCH(QString, question);
  QFETCH(QString, lead);
  QFETCH(double, least_exact);
  QFETCH(double, most_wrong);
  const bool is_sound = lead.isEmpty();
  const QList<Case> cases = cases_of(kind);
  QVERIFY(cases.size() >= 10);
  int exact = 0;
  qsizetype wrong = 0;
  qsizetype all = 0;
  for (const Case& one : cases) {
    // Of the budgets its towers know the smallest alone, which small pictures get by themselves.
    const QStringList file = is_sound ? QStringList{"--audio", kFolder + one.file}
                                      : QStringList{"--image-budget", "70", "--image", kFolder + one.file};
    const QString answer = ask(file + QStringList{question});
    const QString said = answer.startsWith(lead) ? answer.mid(lead.size()) : answer;
    exact += answer == lead + one.text ? 1 : 0;
    if (is_sound) {
      wrong += distance(said.split(' '), one.text.split(' '));
      all += one.text.split(' ').size();
    } else {
      wrong += distance(said, one.text);
      all += one.text.size();
    }
    if (answer != lead + one.text) qInfo("%s: %s", qPrintable(one.text), qPrintable(answer));
  }
  const double exact_percent = 100.0 * exact / static_cast<double>(cases.size());
  const double wrong_percent = 100.0 * static_cast<double>(wrong) / static_cast<double>(all);
  qInfo("%d of %lld exact, %.1f %% of %s wrong", exact, static_cast<long long>(cases.size()), wrong_percent,
        is_sound ? "words" : "characters");
  QVERIFY2(exact_percent >= least_exact, "too few exact answers");
  QVERIFY2(wrong_percent <= most_wrong, "too much is wrong");
}

QTEST_GUILESS_MAIN(PracticeSensesTest)
#include "practice_senses_test.moc"
