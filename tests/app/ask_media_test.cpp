#include <QImage>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

// What `facet ask --image` and its kin promise: the picture reaches the model, from the file to the tokens that it
// reads, and where it can not, it is said.
class AskMediaTest : public QObject {
  Q_OBJECT

 private slots:
  void init();
  void a_picture_reaches_the_model();
  void the_projector_beside_the_model_is_found();
  void a_model_without_projector_says_so();
  void wrong_usage_is_refused();
  void damaged_pictures_are_one_sentence();

 private:
  struct Outcome {
    int status = -1;
    QList<QJsonObject> events;
    QByteArray err;
  };
  Outcome ask(const QStringList& arguments) const {
    QProcess process;
    process.start(QStringLiteral(FACET_PROGRAM),
                  QStringList{"ask", "--json", "--temperature", "0", "--seed", "1", "--backend", "cpu", "--data",
                              folder_->filePath("data"), "--folder", folder_->path()} +
                      arguments + QStringList{"What?"});
    if (!process.waitForFinished(300'000)) qFatal("facet does not end");
    Outcome outcome{process.exitCode(), {}, process.readAllStandardError()};
    for (const QByteArray& line : process.readAllStandardOutput().split('\n'))
      if (!line.isEmpty()) outcome.events << QJsonDocument::fromJson(line).object();
    return outcome;
  }
  static QJsonObject find(const Outcome& outcome, const char* type) {
    for (const QJsonObject& event : outcome.events)
      if (event["type"] == QLatin1String(type)) return event;
    return {};
  }
  static QJsonObject media_of(const Outcome& outcome) {
    return find(outcome, "turn_started")["user"].toObject()["parts"].toArray()[0].toObject()["media"].toObject();
  }
  // Of the model's first run: what random weights say may be a call, and then there is a second.
  static int prompt_tokens(const Outcome& outcome) { return find(outcome, "prompt_progress")["total"].toInt(); }
  QString picture() const {
    QImage image(640, 480, QImage::Format_RGB888);
    image.fill(Qt::darkGreen);
    const QString path = folder_->filePath("green.png");
    if (!image.save(path)) qFatal("no picture");
    return path;
  }

  const QString model_ = QStringLiteral(FACET_TEST_DATA "/models/e-f32.gguf");
  const QString projector_ = QStringLiteral(FACET_TEST_DATA "/models/mmproj-e-bf16.gguf");
  std::unique_ptr<QTemporaryDir> folder_;
};

void AskMediaTest::init() {
  folder_ = std::make_unique<QTemporaryDir>();
}

// 640 x 480 is 63 tokens at a budget of 70, and 266 at 280.
void AskMediaTest::a_picture_reaches_the_model() {
  const QStringList model = {"--model", model_, "--mmproj", projector_, "--image", picture()};
  const Outcome small = ask(model + QStringList{"--image-budget", "70"});
  QVERIFY2(small.events.size() > 2, small.err.constData());
  QCOMPARE(media_of(small)["tokens"].toInt(), 63);
  QCOMPARE(media_of(small)["width"].toInt(), 640);
  QVERIFY(!find(small, "media_progress").isEmpty());
  const Outcome large = ask(model + QStringList{"--image-budget", "280"});
  QCOMPARE(media_of(large)["tokens"].toInt(), 266);
  QCOMPARE(prompt_tokens(large) - prompt_tokens(small), 266 - 63);
}

void AskMediaTest::the_projector_beside_the_model_is_found() {
  QVERIFY(QFile::copy(model_, folder_->filePath("e.gguf")) &&
          QFile::copy(projector_, folder_->filePath("mmproj.gguf")));
  const Outcome outcome = ask({"--model", folder_->filePath("e.gguf"), "--image", picture(), "--image-budget", "70"});
  QVERIFY(find(outcome, "media_progress")["total"].toInt() == 1);
  QCOMPARE(media_of(outcome)["tokens"].toInt(), 63);
}

void AskMediaTest::a_model_without_projector_says_so() {
  QVERIFY(QFile::copy(model_, folder_->filePath("e.gguf")));
  const Outcome outcome = ask({"--model", folder_->filePath("e.gguf"), "--image", picture()});
  QVERIFY(find(outcome, "media_progress").isEmpty());
  bool was_said = false;
  for (const QJsonObject& event : outcome.events)
    was_said = was_said || event["part"].toObject()["text"].toString().contains("can not see green.png");
  QVERIFY(was_said);
}

void AskMediaTest::wrong_usage_is_refused() {
  QCOMPARE(ask({"--image-budget", "100"}).status, 2);
  const Outcome missing = ask({"--image", "/nowhere.png"});
  QCOMPARE(missing.status, 1);
  QVERIFY(missing.err.contains("/nowhere.png"));
  const Outcome folder = ask({"--image", folder_->path()});
  QCOMPARE(folder.status, 1);
  QVERIFY2(folder.err.contains("--folder"), folder.err.constData());
}

void AskMediaTest::damaged_pictures_are_one_sentence() {
  QFile torn(folder_->filePath("torn.png"));
  QVERIFY(torn.open(QIODevice::WriteOnly) && torn.write("\x89PNG\r\n\x1a\n and nothing else") > 0);
  torn.close();
  const Outcome outcome = ask({"--model", model_, "--mmproj", projector_, "--image", torn.fileName()});
  QCOMPARE(outcome.status, 1);
  QVERIFY2(outcome.err.contains("torn.png"), outcome.err.constData());
  QCOMPARE(outcome.err.trimmed().count('\n'), 0);
}

QTEST_GUILESS_MAIN(AskMediaTest)
#include "ask_media_test.moc"
