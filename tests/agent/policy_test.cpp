#include "agent/policy.h"

#include <QTemporaryDir>
#include <QtTest>
#include <filesystem>
#include <fstream>

using namespace facet::agent;

namespace {

PlannedEffect effect(Effect kind, std::vector<std::string> paths, bool inside) {
  return {.effect = kind, .text = "", .paths = std::move(paths), .inside_folders = inside};
}

std::string in_words(const Verdict& verdict) {
  switch (verdict.kind) {
    case Verdict::Kind::Allow:
      return "allow";
    case Verdict::Kind::Forbid:
      return "forbid: " + verdict.reason;
    case Verdict::Kind::Ask:
      return "ask [" + verdict.scope + "] " + verdict.reason;
  }
  return {};
}

const std::string kOutside = "This is outside the folders of the conversation.";

}  // namespace

class PolicyTest : public QObject {
  Q_OBJECT

 private slots:
  void reading_inside_the_folders_is_allowed();
  void everything_else_asks();
  void a_grant_covers_its_folder_by_components();
  void a_grant_covers_its_effect_alone();
  void every_path_needs_its_grant();
  void the_scope_is_the_nearest_folder_around_all_paths();
  void own_data_is_never_written();
  void what_acts_on_its_own_is_always_asked();
  void what_is_done_besides_is_asked_for();
  void what_nothing_holds_always_asks();
};

void PolicyTest::reading_inside_the_folders_is_allowed() {
  QCOMPARE(in_words(decide(effect(Effect::Read, {"/a/b"}, true), {})), std::string("allow"));
  QCOMPARE(in_words(decide(effect(Effect::Read, {}, true), {})), std::string("allow"));
  QCOMPARE(in_words(decide(effect(Effect::Keep, {}, true), {})), std::string("allow"));
}

void PolicyTest::everything_else_asks() {
  QCOMPARE(in_words(decide(effect(Effect::Read, {"/etc/hosts"}, false), {})), "ask [/etc] " + kOutside);
  QCOMPARE(in_words(decide(effect(Effect::Write, {"/etc/hosts"}, true), {})),
           std::string("ask [/etc] This changes files."));
  QCOMPARE(in_words(decide(effect(Effect::Write, {"/etc/hosts"}, false), {})),
           std::string("ask [/etc] This changes files outside the folders of the conversation."));
  QCOMPARE(in_words(decide(effect(Effect::Execute, {"/etc"}, true), {})),
           std::string("ask [/etc] This runs a program on your computer."));
  // A folder in which programs may run is never offered for good.
  QVERIFY(!decide(effect(Effect::Execute, {"/etc"}, true), {}).offers_always);
  QVERIFY(decide(effect(Effect::Write, {"/etc/hosts"}, true), {}).offers_always);
  QCOMPARE(in_words(decide(effect(Effect::Network, {}, true), {})),
           std::string("ask [] This sends data out of your computer."));
  QCOMPARE(in_words(decide(effect(Effect::SeeScreen, {}, true), {})), std::string("ask [] This looks at your screen."));
}

void PolicyTest::a_grant_covers_its_folder_by_components() {
  const std::vector<Grant> grants = {{.effect = Effect::Read, .folder = "/etc/ssl"}};
  for (const char* path : {"/etc/ssl", "/etc/ssl/a", "/etc/ssl/a/b"})
    QCOMPARE(in_words(decide(effect(Effect::Read, {path}, false), grants)), std::string("allow"));
  for (const char* path : {"/etc", "/etc/ssl2", "/etc/ssl2/a", "/etc/ss", "/", "etc/ssl"})
    QVERIFY2(decide(effect(Effect::Read, {path}, false), grants).kind == Verdict::Kind::Ask, path);
  const std::vector<Grant> everything = {{.effect = Effect::Read, .folder = "/"}};
  QCOMPARE(in_words(decide(effect(Effect::Read, {"/any"}, false), everything)), std::string("allow"));
  const std::vector<Grant> nothing = {{.effect = Effect::Read, .folder = ""}};
  QVERIFY(decide(effect(Effect::Read, {"/any"}, false), nothing).kind == Verdict::Kind::Ask);
}

void PolicyTest::a_grant_covers_its_effect_alone() {
  const std::vector<Grant> grants = {{.effect = Effect::Write, .folder = "/etc"}};
  QVERIFY(decide(effect(Effect::Read, {"/etc/hosts"}, false), grants).kind == Verdict::Kind::Ask);
  QVERIFY(decide(effect(Effect::Execute, {"/etc/hosts"}, false), grants).kind == Verdict::Kind::Ask);
  QVERIFY(decide(effect(Effect::Write, {"/etc/hosts"}, false), grants).kind == Verdict::Kind::Allow);
}

void PolicyTest::every_path_needs_its_grant() {
  const std::vector<Grant> grants = {{.effect = Effect::Read, .folder = "/a"},
                                     {.effect = Effect::Read, .folder = "/b"}};
  QVERIFY(decide(effect(Effect::Read, {"/a/1", "/b/1"}, false), grants).kind == Verdict::Kind::Allow);
  QVERIFY(decide(effect(Effect::Read, {"/a/1", "/c/1"}, false), grants).kind == Verdict::Kind::Ask);
  QVERIFY(decide(effect(Effect::Read, {}, false), grants).kind == Verdict::Kind::Ask);
}

void PolicyTest::the_scope_is_the_nearest_folder_around_all_paths() {
  const QTemporaryDir folder;
  const std::string root = folder.path().toStdString();
  std::filesystem::create_directories(root + "/one/two");
  std::filesystem::create_directories(root + "/onetwo");
  std::ofstream(root + "/one/file") << "x";
  const auto scope = [&](std::vector<std::string> names) {
    for (std::string& name : names)
      name = root + name;
    const std::string found = decide(effect(Effect::Read, names, false), {}).scope;
    return found.starts_with(root) ? found.substr(root.size()) : found;
  };
  QCOMPARE(scope({"/one/file"}), std::string("/one"));
  QCOMPARE(scope({"/one/two"}), std::string("/one/two"));
  QCOMPARE(scope({"/one/missing/deeper/file"}), std::string("/one"));
  QCOMPARE(scope({"/one/two", "/one/file"}), std::string("/one"));
  QCOMPARE(scope({"/one/two", "/onetwo"}), std::string(""));
  QCOMPARE(decide(effect(Effect::Read, {"/missing"}, false), {}).scope, std::string());
  QCOMPARE(decide(effect(Effect::Read, {"/"}, false), {}).scope, std::string());
  QCOMPARE(decide(effect(Effect::Read, {"/etc/hosts", "/usr"}, false), {}).scope, std::string());
}

void PolicyTest::own_data_is_never_written() {
  const std::string own = "/home/ann/.local/share/facet";
  const std::vector<Grant> grants = {{.effect = Effect::Write, .folder = "/home/ann"}};
  for (const char* path : {"/home/ann/.local/share/facet", "/home/ann/.local/share/facet/facet.sqlite"}) {
    QCOMPARE(in_words(decide(effect(Effect::Write, {"/home/ann/x", path}, true), grants, {own, "/home/ann"})),
             std::string("forbid: Facet's own data can not be changed by a tool"));
  }
  QVERIFY(decide(effect(Effect::Write, {own + "2/x"}, true), grants, {own, "/home/ann"}).kind == Verdict::Kind::Allow);
  QVERIFY(decide(effect(Effect::Read, {own + "/facet.sqlite"}, true), grants, {own, "/home/ann"}).kind ==
          Verdict::Kind::Allow);
}

void PolicyTest::what_acts_on_its_own_is_always_asked() {
  QTemporaryDir folder;
  const std::string home = std::filesystem::canonical(folder.path().toStdString()).string();
  std::filesystem::create_directories(home + "/dotfiles");
  std::ofstream(home + "/dotfiles/bashrc") << "x";
  std::filesystem::create_symlink("dotfiles/bashrc", home + "/.bashrc");
  const std::vector<Grant> everything = {{.effect = Effect::Write, .folder = "/"}};
  const auto verdict = [&](const std::string& path) {
    return decide(effect(Effect::Write, {home + "/notes.md", path}, true), everything, {{}, home});
  };
  for (const char* path : {"/.bashrc", "/dotfiles/bashrc", "/.profile", "/.config/fish/conf.d/x.fish",
                           "/.config/autostart/x.desktop", "/.ssh/authorized_keys", "/.ssh", "/.config", "",
                           "/work/.git/hooks/pre-commit", "/work/.git/hooks", "/work/.git", "/work/.git/config",
                           "/work/.git/modules/a/hooks/pre-push", "/work/.envrc", "/.local/bin/ls", "/bin/ls"}) {
    const Verdict found = verdict(home + path);
    QVERIFY2(found.kind == Verdict::Kind::Ask && found.asks_always && found.scope.empty(), path);
    QVERIFY2(found.reason.find(home + path) != std::string::npos, path);
  }
  for (const char* path : {"/notes.md", "/.bashrc2", "/work/.github/x", "/work/.gitignore", "/work/hooks/pre-commit",
                           "/.config/other/x", "/dotfiles/other", "/work/.git/info/exclude"})
    QVERIFY2(verdict(home + path).kind == Verdict::Kind::Allow, path);
  // Reading them is nothing special.
  QVERIFY(decide(effect(Effect::Read, {home + "/.bashrc"}, true), {}, {{}, home}).kind == Verdict::Kind::Allow);
}

// A grant is for one effect, so it does not cover a call that has a second one.
void PolicyTest::what_is_done_besides_is_asked_for() {
  const std::vector<Grant> grants = {{.effect = Effect::Execute, .folder = "/a"},
                                     {.effect = Effect::Network, .folder = "/a"}};
  PlannedEffect planned = effect(Effect::Execute, {"/a/b"}, true);
  QCOMPARE(in_words(decide(planned, grants)), std::string("allow"));
  planned.further = {Effect::Network};
  QCOMPARE(in_words(decide(planned, grants)),
           std::string("ask [] This runs a program on your computer. This sends data out of your computer."));
  QVERIFY(!decide(planned, grants).asks_always);
}

void PolicyTest::what_nothing_holds_always_asks() {
  const std::vector<Grant> grants = {{.effect = Effect::Execute, .folder = "/"}};
  PlannedEffect planned = effect(Effect::Execute, {"/a/b"}, true);
  planned.unguarded = "Nothing holds it.";
  QCOMPARE(in_words(decide(planned, grants)),
           std::string("ask [] This runs a program on your computer. Nothing holds it."));
  QVERIFY(decide(planned, grants).asks_always);
  QCOMPARE(in_words(decide(effect(Effect::Execute, {"/a/b"}, true), {}, {"/a", {}})),
           std::string("forbid: Facet's own data can not be changed by a tool"));
}

QTEST_APPLESS_MAIN(PolicyTest)
#include "policy_test.moc"
