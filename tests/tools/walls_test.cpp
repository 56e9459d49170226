// What the walls hold. As root the tests of this file run twice, once more as a user who is not root, for other walls
// hold there.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <QElapsedTimer>
#include <QProcess>
#include <QtTest>
#include <future>
#include <thread>

#include "tests/tools/walls_scene.h"
#include "tools/sandbox/output_ends.h"

using namespace facet;
using namespace facet::tools;
using namespace facet::tools::sandbox;
using namespace facet::tools::test;

Q_DECLARE_METATYPE(facet::tools::sandbox::Wall)

namespace {

constexpr uid_t kNobody = 65534;

// The programs, where somebody else than root can start them as well.
std::string program(const char* name, const char* built) {
  const QByteArray folder = qgetenv("FACET_WALLS_PROGRAMS");
  return folder.isEmpty() ? (fs::path(FACET_PROGRAM).parent_path() / built).string()
                          : (folder + "/" + name).toStdString();
}
std::string sandbox_program() {
  return program("facet-sandbox", "facet-sandbox");
}
std::string attempts_program() {
  return program("facet-attempts", "tests/facet-attempts");
}

struct Ran {
  Ending ending;
  std::string output;
  std::string error;
};

Ran run(const Sandbox& sandbox, const Request& request, std::stop_token stop = {}) {
  Ran ran;
  const auto ended = sandbox.run(
      request, [&](std::string_view piece) { ran.output += piece; }, std::move(stop));
  if (ended.ok()) {
    ran.ending = *ended;
  } else {
    ran.error = ended.error().message;
  }
  return ran;
}

QString described(const Ran& ran) {
  return QString("kind %1 value %2 error '%3' output '%4'")
      .arg(static_cast<int>(ran.ending.kind))
      .arg(ran.ending.value)
      .arg(QString::fromStdString(ran.error), QString::fromStdString(ran.output).right(2000));
}

// How many processes have this word among theirs.
int processes_with(const std::string& word) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string words = text_in(entry.path().string() + "/cmdline");
    if (words.find(word) != std::string::npos && words.find("walls_test") == std::string::npos) ++count;
  }
  return count;
}

// Makes the system one that lacks something: system calls fail as if there were none.
void forbid(const std::vector<int>& calls, int error) {
  std::vector<sock_filter> filter = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)}};
  for (const int call : calls) {
    filter.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<unsigned>(call)});
    filter.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)});
  }
  filter.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
  const sock_fprog whole{static_cast<unsigned short>(filter.size()), filter.data()};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole, 0, 0) != 0) qFatal("no filter");
}

// Clones with namespaces as well, which bubblewrap uses.
void forbid_namespaces() {
  std::vector<sock_filter> filter = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SYS_unshare},
      {BPF_JMP | BPF_JEQ | BPF_K, 1, 2, SYS_clone},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, args)},
      {BPF_JMP | BPF_JSET | BPF_K, 0, 1, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  // Where it is no clone the argument is not looked at.
  filter[2].jf = 4;
  const sock_fprog whole{static_cast<unsigned short>(filter.size()), filter.data()};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole, 0, 0) != 0) qFatal("no filter");
}

void become_poor(const QByteArray& what) {
  if (what.contains("namespaces")) forbid_namespaces();
  if (what.contains("landlock")) forbid({SYS_landlock_create_ruleset}, ENOSYS);
  if (what.contains("mounts")) forbid({SYS_mount_setattr, SYS_mount}, EPERM);
  // What comes after this filter is refused.
  if (what.contains("filters")) forbid({SYS_prctl}, EINVAL);
}

}  // namespace

class WallsTest : public QObject {
  Q_OBJECT

 private:
  bool counts_packets_ = false;

  static std::vector<Wall> walls() {
    return geteuid() == 0 ? std::vector<Wall>{Wall::Namespaces, Wall::Bubblewrap}
                          : std::vector<Wall>{Wall::Bubblewrap, Wall::Namespaces, Wall::Landlock};
  }
  static void wall_rows() {
    QTest::addColumn<Wall>("wall");
    for (const Wall wall : walls())
      QTest::addRow("%s", name_of(wall)) << wall;
  }
  // Whether this system has the wall of the row; a reason to skip where it has not.
  static QString lacks(Wall wall) {
    return QString::fromStdString(Sandbox(sandbox_program(), Surroundings{}).problem_of(wall));
  }
  static Request request(const Scene& scene, Wall wall, const std::string& command) {
    Request out;
    out.wall = wall;
    out.folder = scene.work();
    out.folders = {scene.work()};
    out.patience = std::chrono::seconds(60);
    out.arguments = {"/bin/sh", "-c", command};
    return out;
  }

 public:
  explicit WallsTest(bool counts_packets) : counts_packets_(counts_packets) {}

 private slots:
  void some_wall_holds() {
    const FoundWall found = Sandbox(sandbox_program(), Surroundings{}).wall();
    if (found.wall == Wall::None) QSKIP(found.missing.c_str());
    qInfo("%s", name_of(found.wall));
  }

  void attempts_have_no_effect_data() { wall_rows(); }
  void attempts_have_no_effect() {
    QFETCH(Wall, wall);
    if (const QString why = lacks(wall); !why.isEmpty()) QSKIP(qPrintable(why));
    const Scene scene;
    const Sandbox sandbox(sandbox_program(), scene.surroundings());
    const std::string copy = scene.work() + "/facet-attempts";
    fs::copy_file(attempts_program(), copy);
    Request all = request(scene, wall, "");
    all.arguments = scene.attempts(copy, "walled");
    const QStringList before = scene.state();
    const std::uint64_t packets = packets_seen();

    const Ran ran = run(sandbox, all);

    const QStringList lines = QString::fromStdString(ran.output).split('\n');
    QVERIFY2(lines.contains("all tried"), qPrintable(described(ran)));
    QCOMPARE(lines.filter(QRegularExpression("^done: ")).join("\n"), QString());
    QVERIFY(lines.filter(QRegularExpression("^refused: ")).size() >= 250);
    QCOMPARE(scene.arrived().join(", "), QString());
    const QStringList after = scene.state();
    for (qsizetype i = 0; i < std::min(before.size(), after.size()); ++i)
      QCOMPARE(after[i], before[i]);
    QCOMPARE(after.size(), before.size());
    if (counts_packets_) QCOMPARE(packets_seen() - packets, std::uint64_t{0});
    qInfo("%lld attempts", static_cast<long long>(lines.filter("refused: ").size()));
  }

  // Without a wall the harmless ones of them do succeed: otherwise their failure would prove nothing.
  void attempts_are_dangerous() {
    const Scene scene;
    const std::string copy = scene.work() + "/facet-attempts";
    fs::copy_file(attempts_program(), copy);
    const QStringList before = scene.state();
    const std::uint64_t packets = packets_seen();
    QStringList words;
    for (const std::string& word : scene.attempts(copy, "free"))
      words << QString::fromStdString(word);
    QProcess process;
    process.setWorkingDirectory(QString::fromStdString(scene.work()));
    process.start(words.takeFirst(), words);
    QVERIFY(process.waitForFinished(60'000));
    const QStringList lines = QString::fromUtf8(process.readAllStandardOutput()).split('\n');
    QVERIFY(lines.contains("all tried"));
    const QStringList refused = lines.filter(QRegularExpression("^refused: "));
    QVERIFY2(lines.filter(QRegularExpression("^done: ")).size() >= 85, qPrintable(refused.join("\n")));
    QVERIFY(scene.arrived().size() >= 6);
    QVERIFY(scene.state() != before);
    if (counts_packets_) QVERIFY(packets_seen() > packets);
    qInfo("%lld of %lld", static_cast<long long>(lines.filter("done: ").size()),
          static_cast<long long>(lines.filter(": ").size()));
  }

  void the_folder_can_be_used_data() { wall_rows(); }
  void the_folder_can_be_used() {
    QFETCH(Wall, wall);
    if (const QString why = lacks(wall); !why.isEmpty()) QSKIP(qPrintable(why));
    const Scene scene;
    const Sandbox sandbox(sandbox_program(), scene.surroundings());
    fs::create_directory(scene.work() + "/plain");
    const Ran ran =
        run(sandbox, request(scene, wall,
                             "cd plain && echo one > a && cat a && mkdir b && mv a b/c && ln b/c d && rm -r b "
                             "&& cat d && pwd && echo $HOME && echo x > \"$TMPDIR/x\" && cat \"$TMPDIR/x\" && "
                             "ls ../../outside/file && cat < /dev/null && echo gone > /dev/null && exit 7"));
    QVERIFY2(ran.ending == (Ending{Ending::Kind::Exited, 7}), qPrintable(described(ran)));
    const std::string home = qgetenv("HOME").toStdString();
    QCOMPARE(QString::fromStdString(ran.output),
             QString::fromStdString("one\none\n" + scene.work() + "/plain\n" + home + "\nx\n../../outside/file\n"));
    QCOMPARE(QString::fromStdString(text_in(scene.work() + "/plain/d")), QString("one\n"));
  }

  // Where a file that starts something could be made, nothing can be made; what is there can be changed.
  void a_home_folder_keeps_its_startup_files_data() { wall_rows(); }
  void a_home_folder_keeps_its_startup_files() {
    QFETCH(Wall, wall);
    if (const QString why = lacks(wall); !why.isEmpty()) QSKIP(qPrintable(why));
    const Scene scene;
    const Sandbox sandbox(sandbox_program(), scene.surroundings());
    put(scene.home() + "/notes/plan", "one\n");
    const QStringList before = scene.state();
    Request all = request(scene, wall,
                          "for file in .bashrc .profile .zshenv .config/autostart/x .local/bin/ls .ssh/rc new "
                          ".local/share/facet/facet.sqlite .gitconfig bin; do (echo x >> $file) 2> /dev/null; done\n"
                          "mkdir bin .config/systemd .vscode 2> /dev/null; mv .bashrc notes 2> /dev/null; "
                          "cat .ssh/id_canary .bash_history 2> /dev/null; echo changed > notes/plan");
    all.folder = scene.home();
    all.folders = {scene.home()};
    const Ran ran = run(sandbox, all);
    QVERIFY2(ran.ending == (Ending{Ending::Kind::Exited, 0}), qPrintable(described(ran)));
    QCOMPARE(QString::fromStdString(ran.output), QString());
    QCOMPARE(QString::fromStdString(text_in(scene.home() + "/notes/plan")), QString("changed\n"));
    QCOMPARE(scene.state().filter(QRegularExpression("^(?!.*/notes[/ ])")),
             before.filter(QRegularExpression("^(?!.*/notes[/ ])")));
  }

  void the_network_is_there_when_granted_data() { wall_rows(); }
  void the_network_is_there_when_granted() {
    QFETCH(Wall, wall);
    if (const QString why = lacks(wall); !why.isEmpty()) QSKIP(qPrintable(why));
    const Scene scene;
    const Sandbox sandbox(sandbox_program(), scene.surroundings());
    const std::string port = scene.attempts("", "")[3];
    Request granted = request(scene, wall, "");
    granted.network = true;
    granted.arguments = {"/bin/bash", "-c", "echo > /dev/tcp/127.0.0.1/" + port};
    const Ran with = run(sandbox, granted);
    QVERIFY2(with.ending == (Ending{Ending::Kind::Exited, 0}), qPrintable(described(with)));
    QCOMPARE(scene.arrived(), QStringList{"tcp"});
    granted.network = false;
    const Ran without = run(sandbox, granted);
    QVERIFY(without.ending.value != 0);
    QCOMPARE(scene.arrived(), QStringList());
  }

  void output_comes_while_it_runs_data() { wall_rows(); }
  void output_comes_while_it_runs() {
    QFETCH(Wall, wall);
    if (const QString why = lacks(wall); !why.isEmpty()) QSKIP(qPrintable(why));
    const Scene scene;
    const Sandbox sandbox(sandbox_program(), scene.surroundings());
    put(scene.work() + "/answer/go", "");
    // It goes on only when somebody has heard of its first line.
    std::string output;
    const auto ended =
        sandbox.run(request(scene, wall, "echo one; while [ ! -s answer/go ]; do sleep 0.05; done; echo two >&2"),
                    [&](std::string_view piece) {
                      output += piece;
                      if (output == "one\n") put(scene.work() + "/answer/go", "yes");
                    });
    QVERIFY(ended.ok() && *ended == (Ending{Ending::Kind::Exited, 0}));
    QCOMPARE(QString::fromStdString(output), QString("one\ntwo\n"));
  }

  void limits_hold_data() { wall_rows(); }
  void limits_hold() {
    QFETCH(Wall, wall);
    if (const QString why = lacks(wall); !why.isEmpty()) QSKIP(qPrintable(why));
    const Scene scene;
    const Sandbox sandbox(sandbox_program(), scene.surroundings());
    fs::create_directory(scene.work() + "/plain");

    // One process that wants too much gets no memory; several together are ended.
    Request poor = request(scene, wall, "head -c 200000000 /dev/zero | tail -c 200000000 > /dev/null && echo got it");
    poor.limits.memory_bytes = std::uint64_t{64} << 20U;
    const Ran one = run(sandbox, poor);
    QVERIFY2(one.output.find("got it") == std::string::npos, qPrintable(described(one)));
    poor.arguments[2] = "for i in 1 2 3 4; do head -c 40000000 /dev/zero | tail -c 40000000 | sleep 61.5 & done; wait";
    const Ran several = run(sandbox, poor);
    QVERIFY2(several.ending.kind == Ending::Kind::OutOfMemory, qPrintable(described(several)));

    Request many =
        request(scene, wall, "i=0; while [ $i -lt 60 ]; do sleep 61.5 & i=$((i+1)); done; wait; echo all ran");
    many.limits.processes = 20;
    const Ran crowd = run(sandbox, many);
    QVERIFY2(crowd.ending.kind == Ending::Kind::TooManyProcesses || crowd.ending.value != 0,
             qPrintable(described(crowd)));
    QVERIFY(crowd.output.find("all ran") == std::string::npos);

    Request large = request(scene, wall, "head -c 3000000 /dev/zero > plain/large; echo $?");
    large.limits.file_bytes = 1U << 20U;
    QVERIFY(run(sandbox, large).output != "0\n");
    QVERIFY(fs::file_size(scene.work() + "/plain/large") <= 1U << 20U);

    // Small files, of which none is too large.
    Request filling = request(
        scene, wall, "i=0; while [ $i -lt 4000 ]; do head -c 1000000 /dev/zero > plain/f$i; i=$((i+1)); done; echo all");
    filling.limits.free_bytes = fs::space(scene.work()).available - (std::uint64_t{40} << 20U);
    const Ran filled = run(sandbox, filling);
    QVERIFY2(filled.ending.kind == Ending::Kind::DiskFilled, qPrintable(described(filled)));
    QVERIFY(run(sandbox, request(scene, wall, "rm plain/f*")).ending == (Ending{Ending::Kind::Exited, 0}));

    Request slow = request(scene, wall, "sleep 61.5 & sleep 61.5");
    slow.patience = std::chrono::milliseconds(300);
    QVERIFY(run(sandbox, slow).ending.kind == Ending::Kind::TookTooLong);

    Request busy = request(scene, wall, "while :; do :; done");
    busy.limits.cpu_seconds = 1;
    const Ran spun = run(sandbox, busy);
    QVERIFY2(spun.ending.kind == Ending::Kind::Signalled, qPrintable(described(spun)));
    QCOMPARE(processes_with("61.5"), 0);
  }

  void nothing_is_left_behind_data() {
    wall_rows();
    QTest::addRow("no wall") << Wall::None;
  }
  void nothing_is_left_behind() {
    QFETCH(Wall, wall);
    if (const QString why = lacks(wall); wall != Wall::None && !why.isEmpty()) QSKIP(qPrintable(why));
    const Scene scene;
    const Sandbox sandbox(sandbox_program(), scene.surroundings());
    // Processes that leave their group, their session and their parent.
    const std::string daemons =
        "setsid sh -c 'sleep 62.5 & setsid sleep 62.5 & exec > /dev/null 2>&1; trap \"\" TERM HUP INT; sleep 62.5' & "
        "(sleep 62.5 > /dev/null 2>&1 &) ; sleep 0.2; ";
    const Ran ran = run(sandbox, request(scene, wall, daemons + "exit 3"));
    QVERIFY2(ran.ending == (Ending{Ending::Kind::Exited, 3}), qPrintable(described(ran)));
    QCOMPARE(processes_with("62.5"), 0);

    std::stop_source stop;
    QElapsedTimer since;
    std::string output;
    const auto stopped = sandbox.run(
        request(scene, wall, daemons + "echo ready; sleep 62.5"),
        [&](std::string_view piece) {
          output += piece;
          if (output == "ready\n") since.start();
          if (output == "ready\n") stop.request_stop();
        },
        stop.get_token());
    QVERIFY(stopped.ok() && stopped->kind == Ending::Kind::Stopped);
    qInfo("stopped within %lld ms", static_cast<long long>(since.elapsed()));
    QCOMPARE(processes_with("62.5"), 0);
  }

  // A process of Facet that is ended takes its commands with it.
  void commands_end_with_facet_data() { wall_rows(); }
  void commands_end_with_facet() {
    QFETCH(Wall, wall);
    if (const QString why = lacks(wall); !why.isEmpty()) QSKIP(qPrintable(why));
    const Scene scene;
    const pid_t facet = fork();
    if (facet == 0) {
      const Sandbox sandbox(sandbox_program(), scene.surroundings());
      run(sandbox, request(scene, wall, "setsid sleep 63.5 & echo x > inner/started; sleep 63.5"));
      _exit(0);
    }
    QTRY_VERIFY_WITH_TIMEOUT(processes_with("63.5") >= 2, 20'000);
    kill(facet, SIGKILL);
    waitpid(facet, nullptr, 0);
    QTRY_COMPARE_WITH_TIMEOUT(processes_with("63.5"), 0, 20'000);
  }

  void the_environment_is_a_few_variables() {
    qputenv("FACET_TEST_SECRET", attempts::kSecret);
    QStringList names;
    for (const std::string& variable : Sandbox(sandbox_program(), Surroundings{}).environment())
      names << QString::fromStdString(variable).section('=', 0, 0);
    const QStringList known = {
        "PATH",     "SHELL",          "TERM",       "NO_COLOR",    "PAGER",      "GIT_TERMINAL_PROMPT",
        "TMPDIR",   "XDG_CACHE_HOME", "HOME",       "LANG",        "LANGUAGE",   "LC_ALL",
        "LC_CTYPE", "LC_TIME",        "LC_NUMERIC", "LC_MESSAGES", "LC_COLLATE", "LC_MONETARY",
        "TZ",       "USER",           "LOGNAME"};
    for (const QString& name : names)
      QVERIFY2(known.contains(name), qPrintable(name));
  }

  // What a user has allowed although nothing holds it.
  void without_a_wall_limits_hold() {
    const Scene scene;
    const Sandbox sandbox(sandbox_program(), scene.surroundings());
    const Ran ran =
        run(sandbox, request(scene, Wall::None, "echo x > ../outside/file && cat ../outside/file && exit 4"));
    QVERIFY2(ran.ending == (Ending{Ending::Kind::Exited, 4}) && ran.output == "x\n", qPrintable(described(ran)));
    Request slow = request(scene, Wall::None, "setsid sleep 65.5 & sleep 65.5");
    slow.patience = std::chrono::milliseconds(300);
    QVERIFY(run(sandbox, slow).ending.kind == Ending::Kind::TookTooLong);
    Request many = request(scene, Wall::None, "i=0; while [ $i -lt 60 ]; do sleep 65.5 & i=$((i+1)); done; wait");
    many.limits.processes = 20;
    const Ran crowd = run(sandbox, many);
    QVERIFY2(crowd.ending.kind == Ending::Kind::TooManyProcesses || crowd.ending.value != 0,
             qPrintable(described(crowd)));
    QCOMPARE(processes_with("65.5"), 0);
  }

  // Nothing runs where the walls can not be built.
  void fails_closed() {
    const Scene scene;
    put(scene.work() + "/plain/empty", "");
    const Sandbox missing("/nowhere/facet-sandbox", scene.surroundings());
    QCOMPARE(missing.wall().wall, Wall::None);
    for (const Wall wall : {Wall::Bubblewrap, Wall::Namespaces, Wall::Landlock, Wall::None}) {
      const Ran ran = run(missing, request(scene, wall, "echo ran > plain/ran"));
      QVERIFY2(!ran.error.empty(), name_of(wall));
    }
    const Sandbox sandbox(sandbox_program(), scene.surroundings());
    for (const Wall wall : walls()) {
      if (!lacks(wall).isEmpty()) continue;
      Request nowhere = request(scene, wall, "echo ran > plain/ran");
      nowhere.folder = scene.base() + "/nowhere";
      QVERIFY2(!run(sandbox, nowhere).error.empty(), name_of(wall));
      Request nothing = request(scene, wall, "");
      nothing.arguments = {"/nowhere/program"};
      QVERIFY2(!run(sandbox, nothing).error.empty(), name_of(wall));
    }
    QVERIFY(!fs::exists(scene.work() + "/plain/ran"));
  }

  void a_poor_system_has_what_is_left_data() {
    QTest::addColumn<QByteArray>("lacks");
    QTest::addColumn<QString>("of_root");
    QTest::addColumn<QString>("of_user");
    const QString namespaces = name_of(Wall::Namespaces);
    const QString bubblewrap = name_of(Wall::Bubblewrap);
    const QString none = name_of(Wall::None);
    QTest::newRow("no Landlock") << QByteArray("landlock") << namespaces << bubblewrap;
    QTest::newRow("no namespaces") << QByteArray("namespaces") << none << QString(name_of(Wall::Landlock));
    QTest::newRow("no mounts") << QByteArray("mounts") << none << QString(name_of(Wall::Landlock));
    QTest::newRow("neither") << QByteArray("namespaces landlock") << none << none;
    QTest::newRow("no filters of system calls") << QByteArray("filters") << none << none;
    QTest::newRow("neither mounts nor Landlock") << QByteArray("mounts landlock") << none << none;
  }
  void a_poor_system_has_what_is_left() {
    QFETCH(QByteArray, lacks);
    QFETCH(QString, of_root);
    QFETCH(QString, of_user);
    for (const Wall wall : walls())
      if (const QString why = WallsTest::lacks(wall); !why.isEmpty()) QSKIP(qPrintable(why));
    QProcess process;
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.start(QCoreApplication::applicationFilePath(), {"--poor", lacks});
    QVERIFY(process.waitForFinished(60'000));
    const QString said = QString::fromUtf8(process.readAll());
    QCOMPARE(said.section('\n', 0, 0), geteuid() == 0 ? of_root : of_user);
    // The reason is a sentence's part for each wall.
    if (said.startsWith("none")) QVERIFY2(said.section('\n', 1).size() > 40, qPrintable(said));
  }

  void plans_are_read_as_they_are_written() {
    WallPlan plan;
    plan.wall = Wall::Landlock;
    plan.network = true;
    plan.folder = "/a b";
    plan.places = {{PlaceKind::Scratch, "/tmp"}, {PlaceKind::EmptyFile, "/home/ann/.netrc\n"}};
    plan.arguments = {"/bin/sh", "-c", "", "echo '\n'"};
    plan.environment = {"A=", "B=c=d"};
    const std::string text = written(plan);
    QVERIFY(read_plan(text) == plan);
    for (std::size_t length = 0; length < text.size(); ++length)
      if (const auto part = read_plan(text.substr(0, length))) QVERIFY(!(*part == plan));
    QVERIFY(!read_plan(text + std::string("wall\0moat\0", 10)));
    QVERIFY(!read_plan(text + std::string("writable\0relative\0", 18)));
    const Report report{Report::Kind::NotConfined, 3, "because\nof this"};
    QVERIFY(read_report(written(report)) == report);
    QVERIFY(!read_report("exited"));
  }

  void ends_of_an_output_are_kept() {
    OutputEnds few(10);
    few.add("abc");
    few.add("defghij");
    QCOMPARE(QString::fromStdString(few.text()), QString("abcdefghij"));
    few.add("klm");
    QCOMPARE(QString::fromStdString(few.text()), QString("abcde\n[3 of 13 bytes are left out here]\nijklm"));
    QCOMPARE(QString::fromStdString(few.latest(4)), QString("jklm"));
    OutputEnds wide(8);
    for (int i = 0; i < 1000; ++i)
      wide.add("€");
    QCOMPARE(QString::fromStdString(wide.text()), QString::fromUtf8("€\n[2994 of 3000 bytes are left out here]\n€"));
    OutputEnds lines(100);
    lines.add("one\ntwo\nthree\n");
    QCOMPARE(QString::fromStdString(lines.latest(8)), QString("three\n"));
    QCOMPARE(lines.bytes(), std::uint64_t{14});
  }

  void holds_for_a_user_who_is_not_root() {
    if (geteuid() != 0) QSKIP("this is the user");
    const std::string base = base_folder();
    const fs::path own = QCoreApplication::applicationFilePath().toStdString();
    fs::copy_file(own, base + "/walls_test");
    fs::copy_file(sandbox_program(), base + "/facet-sandbox");
    fs::copy_file(attempts_program(), base + "/facet-attempts");
    if (chown(base.c_str(), kNobody, kNobody) != 0) QSKIP("files can not be given away here");
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert("HOME", QString::fromStdString(base));
    environment.insert("FACET_WALLS_PROGRAMS", QString::fromStdString(base));
    environment.remove("XDG_CACHE_HOME");
    if (counts_packets_) environment.insert("FACET_WALLS_NETWORK", "own");
    process.setProcessEnvironment(environment);
    process.setWorkingDirectory(QString::fromStdString(base));
    process.setProcessChannelMode(QProcess::ForwardedChannels);
    process.start("setpriv", {"--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
                              QString::fromStdString(base + "/walls_test")});
    const bool is_finished = process.waitForFinished(600'000);
    std::error_code ignored;
    fs::remove_all(base, ignored);
    QVERIFY(is_finished && process.exitStatus() == QProcess::NormalExit);
    QCOMPARE(process.exitCode(), 0);
  }
};

int main(int argc, char** argv) {
  if (argc == 3 && QByteArray(argv[1]) == "--poor") {
    become_poor(argv[2]);
    const FoundWall found = Sandbox(sandbox_program(), Surroundings{}).wall();
    std::printf("%s\n%s\n", name_of(found.wall), found.missing.c_str());
    return 0;
  }
  const bool counts_packets = qgetenv("FACET_WALLS_NETWORK") == "own" || (geteuid() == 0 && enter_own_network());
  QCoreApplication application(argc, argv);
  WallsTest test(counts_packets);
  return QTest::qExec(&test, argc, argv);
}

#include "walls_test.moc"
