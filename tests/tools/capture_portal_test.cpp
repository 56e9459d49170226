// The desktop's portal, played by this test on a message bus of its own.
#include <QDBusConnection>
#include <QDBusContext>
#include <QDBusError>
#include <QDBusMessage>
#include <QDBusObjectPath>
#include <QDBusVirtualObject>
#include <QImage>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>
#include <optional>
#include <thread>

#include "tests/tools/tool_fixture.h"
#include "tools/capture/portal_screens.h"

using namespace facet;
using tools::capture::PortalScreens;

namespace {

const char kService[] = "org.freedesktop.portal.Desktop";
const char kPath[] = "/org/freedesktop/portal/desktop";

}  // namespace

// What a desktop offers: answers each request as it was told.
class Portal : public QObject, protected QDBusContext {
  Q_OBJECT
  Q_CLASSINFO("D-Bus Interface", "org.freedesktop.portal.Screenshot")

 public:
  enum class Behaviour { Answer, AnswerLater, KeepSilent, Refuse };

  explicit Portal(QDBusConnection bus) : bus_(std::move(bus)) {}

  Behaviour behaviour = Behaviour::Answer;
  uint response = 0;
  QVariantMap results;
  QVariantMap options;  // of the last request
  QString request;
  bool uses_own_path = false;

  void answer() {
    QDBusMessage signal = QDBusMessage::createSignal(request, "org.freedesktop.portal.Request", "Response");
    signal << response << results;
    bus_.send(signal);
  }

 public slots:
  Q_SCRIPTABLE QDBusObjectPath Screenshot(const QString&, const QVariantMap& asked) {
    options = asked;
    const QString sender = message().service().mid(1).replace('.', '_');
    request = uses_own_path ? QString("/org/freedesktop/portal/desktop/request/old")
                            : QString("%1/request/%2/%3").arg(kPath, sender, asked["handle_token"].toString());
    switch (behaviour) {
      case Behaviour::Answer:
        answer();  // before the reply, as quick portals do
        break;
      case Behaviour::AnswerLater:
        QTimer::singleShot(20, this, &Portal::answer);
        break;
      case Behaviour::KeepSilent:
        break;
      case Behaviour::Refuse:
        sendErrorReply(QDBusError::AccessDenied, "no");
        break;
    }
    return QDBusObjectPath(request);
  }

 private:
  QDBusConnection bus_;
};

// Hears what is asked of request objects.
class RequestListener : public QDBusVirtualObject {
 public:
  QStringList closed;

  QString introspect(const QString&) const override { return {}; }
  bool handleMessage(const QDBusMessage& message, const QDBusConnection&) override {
    if (message.member() != "Close") return false;
    closed << message.path();
    return true;
  }
};

class CapturePortalTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase();
  void init();
  void cleanup();
  void cleanupTestCase();
  void what_was_granted_is_taken();
  void a_late_answer_is_awaited();
  void a_portal_that_names_requests_itself_is_heard();
  void the_users_no_is_no_failure();
  void other_endings_are_one_sentence();
  void pictures_that_are_none_are_one_sentence();
  void without_a_portal_one_sentence_says_so();
  void without_a_bus_one_sentence_says_so();
  void silence_ends();
  void a_portal_that_vanishes_ends_it();
  void who_stops_hears_nothing_and_closes_the_request();
  void the_tool_shows_what_the_user_has_chosen();
  void the_tool_hears_the_users_no();
  void a_stopped_tool_closes_the_request();

 private:
  Result<agent::ScreenCapture> ask(PortalScreens& screens, int wait_ms = 5000) {
    std::optional<Result<agent::ScreenCapture>> answer;
    screens.capture([&](Result<agent::ScreenCapture> result) { answer = std::move(result); });
    (void)QTest::qWaitFor([&] { return answer.has_value(); }, wait_ms);
    return answer.value_or(Error{Error::Code::Internal, "no answer"});
  }
  // The tool waits on a thread of its own, as in a turn, and asks in a program of its own.
  tools::test::Outcome take_screenshot(std::vector<agent::ToolPicture>* pictures, std::stop_token stop = {}) {
    const auto tool = tools::take_screenshot_tool(std::filesystem::path(FACET_PROGRAM).parent_path() / "facet-screens");
    tools::test::Outcome outcome;
    std::atomic<bool> has_ended = false;
    std::thread worker([&] {
      agent::ToolContext context;
      context.stop = stop;
      outcome.planned = *tool.plan({{"screen", 2}}, context);
      agent::ToolResult result = tool.run({{"screen", 2}}, *outcome.planned, context);
      outcome.text = result.content;
      outcome.failed = result.failed;
      if (pictures != nullptr) *pictures = std::move(result.pictures);
      has_ended = true;
    });
    (void)QTest::qWaitFor([&] { return has_ended.load(); }, 60'000);
    worker.join();
    return outcome;
  }
  void offer() {
    QVERIFY(desktop_->registerObject(kPath, portal_.get(), QDBusConnection::ExportScriptableSlots));
    QVERIFY(desktop_->registerVirtualObject(QString(kPath) + "/request", &requests_, QDBusConnection::SubPath));
    QVERIFY(desktop_->registerService(kService));
  }

  QTemporaryDir scratch_;
  QProcess daemon_;
  std::optional<QDBusConnection> desktop_;
  std::optional<QDBusConnection> own_;
  std::unique_ptr<Portal> portal_;
  RequestListener requests_;
};

void CapturePortalTest::initTestCase() {
  daemon_.start("dbus-daemon", {"--session", "--nofork", "--print-address=1"});
  QVERIFY2(daemon_.waitForReadyRead(20'000), "dbus-daemon can not be started; packaging/test.sh installs it");
  const QString address = QString::fromUtf8(daemon_.readLine()).trimmed();
  desktop_ = QDBusConnection::connectToBus(address, "desktop");
  own_ = QDBusConnection::connectToBus(address, "own");
  QVERIFY(desktop_->isConnected() && own_->isConnected());
  qputenv("DBUS_SESSION_BUS_ADDRESS", address.toUtf8());
  qputenv("WAYLAND_DISPLAY", "wayland-9");
  qunsetenv("XDG_SESSION_TYPE");
  QImage image(30, 20, QImage::Format_RGB32);
  image.fill(QColor(1, 2, 3));
  QVERIFY(image.save(scratch_.filePath("shot one.png")));
}

void CapturePortalTest::init() {
  portal_ = std::make_unique<Portal>(*desktop_);
  portal_->results["uri"] = QUrl::fromLocalFile(scratch_.filePath("shot one.png")).toString(QUrl::FullyEncoded);
  requests_.closed.clear();
}

void CapturePortalTest::cleanup() {
  desktop_->unregisterService(kService);
  desktop_->unregisterObject(kPath, QDBusConnection::UnregisterTree);
}

void CapturePortalTest::cleanupTestCase() {
  QDBusConnection::disconnectFromBus("desktop");
  QDBusConnection::disconnectFromBus("own");
  desktop_.reset();
  own_.reset();
  daemon_.terminate();
  daemon_.waitForFinished();
}

void CapturePortalTest::what_was_granted_is_taken() {
  offer();
  PortalScreens screens(*own_);
  for (int again = 0; again < 2; ++again) {
    const auto capture = ask(screens);
    QVERIFY2(capture.ok(), capture.ok() ? "" : capture.error().message.c_str());
    QVERIFY(capture->is_chosen);
    QCOMPARE(capture->screens.size(), std::size_t{1});
    QCOMPARE(capture->screens[0].picture.width, 30U);
    QCOMPARE(capture->screens[0].picture.height, 20U);
    QVERIFY((std::vector<std::uint8_t>(capture->screens[0].picture.pixels.begin(),
                                       capture->screens[0].picture.pixels.begin() + 3) ==
             std::vector<std::uint8_t>{1, 2, 3}));
  }
  QCOMPARE(portal_->options["interactive"].toBool(), true);
}

void CapturePortalTest::a_late_answer_is_awaited() {
  offer();
  portal_->behaviour = Portal::Behaviour::AnswerLater;
  PortalScreens screens(*own_);
  QVERIFY(ask(screens).ok());
}

void CapturePortalTest::a_portal_that_names_requests_itself_is_heard() {
  offer();
  portal_->behaviour = Portal::Behaviour::AnswerLater;
  portal_->uses_own_path = true;
  PortalScreens screens(*own_);
  QVERIFY(ask(screens).ok());
}

void CapturePortalTest::the_users_no_is_no_failure() {
  offer();
  portal_->response = 1;
  PortalScreens screens(*own_);
  const auto capture = ask(screens);
  QVERIFY(!capture.ok() && capture.error().code == Error::Code::Stopped);
}

void CapturePortalTest::other_endings_are_one_sentence() {
  offer();
  portal_->response = 2;
  PortalScreens screens(*own_);
  const auto ended = ask(screens);
  QVERIFY(!ended.ok() && ended.error().code == Error::Code::Io);
  portal_->behaviour = Portal::Behaviour::Refuse;
  const auto refused = ask(screens);
  QVERIFY(!refused.ok() && refused.error().code == Error::Code::Denied);
}

void CapturePortalTest::pictures_that_are_none_are_one_sentence() {
  offer();
  PortalScreens screens(*own_);
  QFile torn(scratch_.filePath("torn.png"));
  QVERIFY(torn.open(QIODevice::WriteOnly) && torn.write("\x89PNG and nothing") > 0);
  torn.close();
  for (const QVariant& uri : {QVariant("file:///nowhere/at/all.png"), QVariant("https://example.org/a.png"),
                              QVariant(7), QVariant(), QVariant(QUrl::fromLocalFile(torn.fileName()).toString())}) {
    portal_->results["uri"] = uri.isValid() ? uri : QVariant("");
    const auto capture = ask(screens);
    QVERIFY(!capture.ok());
    QVERIFY2(capture.error().code == Error::Code::Io, capture.error().message.c_str());
  }
}

void CapturePortalTest::without_a_portal_one_sentence_says_so() {
  PortalScreens screens(*own_);
  const auto capture = ask(screens);
  QVERIFY(!capture.ok());
  QVERIFY2(capture.error().code == Error::Code::Unsupported, capture.error().message.c_str());
  QVERIFY(capture.error().message.find("org.freedesktop.portal.Screenshot") != std::string::npos);
}

void CapturePortalTest::without_a_bus_one_sentence_says_so() {
  PortalScreens screens(QDBusConnection("nowhere"));
  const auto capture = ask(screens);
  QVERIFY(!capture.ok() && capture.error().code == Error::Code::Unsupported);
}

void CapturePortalTest::silence_ends() {
  offer();
  portal_->behaviour = Portal::Behaviour::KeepSilent;
  PortalScreens screens(*own_, std::chrono::milliseconds(50));
  const auto capture = ask(screens);
  QVERIFY(!capture.ok() && capture.error().code == Error::Code::Io);
  QTRY_COMPARE(requests_.closed, QStringList{portal_->request});
}

void CapturePortalTest::a_portal_that_vanishes_ends_it() {
  offer();
  portal_->behaviour = Portal::Behaviour::KeepSilent;
  PortalScreens screens(*own_);
  QTimer::singleShot(50, this, [this] { desktop_->unregisterService(kService); });
  const auto capture = ask(screens);
  QVERIFY(!capture.ok() && capture.error().code == Error::Code::Io);
}

void CapturePortalTest::who_stops_hears_nothing_and_closes_the_request() {
  offer();
  portal_->behaviour = Portal::Behaviour::KeepSilent;
  PortalScreens screens(*own_);
  bool was_told = false;
  screens.capture([&](const Result<agent::ScreenCapture>&) { was_told = true; });
  QTRY_VERIFY(!portal_->request.isEmpty());
  screens.cancel();
  QTRY_COMPARE(requests_.closed, QStringList{portal_->request});
  portal_->answer();
  // And the next request is answered.
  portal_->behaviour = Portal::Behaviour::Answer;
  QVERIFY(ask(screens).ok());
  QVERIFY(!was_told);
}

void CapturePortalTest::the_tool_shows_what_the_user_has_chosen() {
  offer();
  std::vector<agent::ToolPicture> pictures;
  const auto outcome = take_screenshot(&pictures);
  COMPARE_TEXT(outcome.planned->text, "Take a picture of the screen; the desktop asks what it may show");
  QVERIFY(outcome.planned->effect == agent::Effect::SeeScreen);
  COMPARE_TEXT(outcome.text, "What the user has chosen to show, 30 x 20 pixels:");
  QCOMPARE(pictures.size(), std::size_t{1});
  COMPARE_TEXT(pictures[0].name, "screen.png");
  const QImage seen = QImage::fromData(QByteArray::fromStdString(pictures[0].bytes), "PNG");
  QCOMPARE(seen.convertToFormat(QImage::Format_RGB32), QImage(scratch_.filePath("shot one.png")));
}

void CapturePortalTest::the_tool_hears_the_users_no() {
  offer();
  portal_->response = 1;
  const auto outcome = take_screenshot(nullptr);
  QVERIFY(outcome.failed);
  COMPARE_TEXT(outcome.text, "error: the user has chosen not to show the screen");
  desktop_->unregisterService(kService);
  QVERIFY(take_screenshot(nullptr).text.find("org.freedesktop.portal.Screenshot") != std::string::npos);
}

void CapturePortalTest::a_stopped_tool_closes_the_request() {
  offer();
  portal_->behaviour = Portal::Behaviour::KeepSilent;
  std::stop_source stop;
  QTimer is_asked;
  connect(&is_asked, &QTimer::timeout, this, [&] {
    if (!portal_->request.isEmpty()) stop.request_stop();
  });
  is_asked.start(5);
  const auto outcome = take_screenshot(nullptr, stop.get_token());
  QVERIFY(outcome.failed);
  COMPARE_TEXT(outcome.text, "error: stopped by the user");
  QTRY_COMPARE(requests_.closed, QStringList{portal_->request});
}

QTEST_GUILESS_MAIN(CapturePortalTest)
#include "capture_portal_test.moc"
