#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <QtTest>
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/tools/tool_fixture.h"

// A folder that a conversation may read beside things that it may not, and the ways in which a path can try to get from
// one to the other.
namespace facet::tools::test {

inline constexpr char kSecret[] = "XYZZY-1f3a";
// A source as well, whose outline has the secret.
inline const QByteArray kSecretSource = QByteArray("#!/usr/bin/env python3\nneedle = \"") + kSecret + "\"\n";

class HostileTree {
 public:
  HostileTree() {
    base_.write("secret.txt", kSecretSource);
    // Its name is a secret of its own, for the tool that lists.
    base_.write(std::string("outside/") + kSecret + ".md", "x");
    base_.write("outside/inner.txt", kSecretSource);
    base_.write("work-evil/secret.txt", kSecretSource);
    base_.write("work/plain.txt", "needle harmless\n");
    base_.write("work/sub/deep/x.txt", "needle harmless\n");
    base_.write("second/other.txt", "needle harmless\n");
    make_links();
    ::mkfifo(base_.path("work/pipe").c_str(), 0600);
    make_socket(base_.path("work/socket"));
    descriptor_ = ::open(base_.path("secret.txt").c_str(), O_RDONLY);
    folder_descriptor_ = ::open(base_.path("outside").c_str(), O_RDONLY | O_DIRECTORY);
    if (::chdir(base_.path("outside").c_str()) != 0) qFatal("changing the folder failed");
  }
  HostileTree(const HostileTree&) = delete;
  HostileTree& operator=(const HostileTree&) = delete;
  ~HostileTree() {
    ::close(descriptor_);
    ::close(folder_descriptor_);
    if (::chdir("/") != 0) qFatal("changing the folder failed");
  }

  const Folder& base() const { return base_; }
  std::vector<std::string> folders() const { return {base_.path("work"), base_.path("second")}; }

  std::vector<std::string> paths() const {
    std::vector<std::string> paths = disguised();
    for (const auto& list : {links(), absolute(), odd()})
      paths.insert(paths.end(), list.begin(), list.end());
    return paths;
  }

 private:
  void make_links() const {
    const std::string root = base_.path();
    base_.link("../secret.txt", "work/link_file");
    base_.link(root + "/secret.txt", "work/link_absolute");
    base_.link("../outside", "work/link_folder");
    base_.link(root + "/outside", "work/link_folder_absolute");
    base_.link("..", "work/link_up");
    base_.link("../..", "work/sub/link_up2");
    base_.link("link_file", "work/chain1");
    base_.link("chain1", "work/chain2");
    base_.link("sub/../link_up/secret.txt", "work/chain_up");
    base_.link("../work/../secret.txt", "work/leaves_and_returns");
    base_.link("loop", "work/loop");
    base_.link("loop_b", "work/loop_a");
    base_.link("loop_a", "work/loop_b");
    base_.link("/", "work/link_root");
    base_.link("/proc/self/root", "work/link_proc_root");
    base_.link("/proc/self/cwd", "work/link_proc_cwd");
    base_.link("/proc/self/fd", "work/link_proc_fd");
    base_.link("/dev/fd", "work/link_dev_fd");
    base_.link("/dev/stdin", "work/link_stdin");
    base_.link(root + "/work-evil", "work/evil");
    base_.link("../secret.txt", "work/\xe2\x80\xa5");  // its name looks like ".."
    base_.link("../secret.txt", "work/new\nline");
    base_.link("../secret.txt", "work/ plain.txt");
    base_.link("../secret.txt", "work/plain.txt ");
  }

  static void make_socket(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const int number = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(number, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      qWarning("making a socket failed");
    ::close(number);
  }

  // Every way up, behind every way of writing a beginning.
  static std::vector<std::string> disguised() {
    std::vector<std::string> paths;
    for (const char* front : {"", "./", "././/", "sub/../", "sub/deep/../../", "sub//deep/..//../", "link_up/work/",
                              "./sub/../", "sub/../sub/../", "sub/deep/../../sub/../", "link_up/second/../work/",
                              "link_up/./work/", "link_up//work//", "sub/link_up2/work/", "sub/link_up2/work/sub/../",
                              "evil/../work/", "link_folder/../work/", "link_folder_absolute/../work/"})
      for (const char* escape :
           {"../secret.txt", "../outside", "..", "../", "../.", "../work-evil/secret.txt", ".././secret.txt",
            "../work/../secret.txt", "../../", "../outside/inner.txt", "../outside/../secret.txt",
            "../work-evil/../secret.txt", "../second/../secret.txt", "../work/sub/link_up2/secret.txt"})
        paths.push_back(std::string(front) + escape);
    return paths;
  }

  static std::vector<std::string> links() {
    std::vector<std::string> paths;
    for (const char* link : {"link_file", "link_absolute", "chain1", "chain2", "chain_up", "leaves_and_returns",
                             "link_folder", "link_folder_absolute", "link_up", "sub/link_up2", "evil", "link_root"})
      for (const char* tail : {"", "/", "/.", "/secret.txt", "/inner.txt", "/../secret.txt"})
        paths.push_back(std::string(link) + tail);
    paths.insert(paths.end(), {"loop", "loop_a", "loop/secret.txt", "link_up/link_up/secret.txt"});
    return paths;
  }

  std::vector<std::string> absolute() const {
    const std::string root = base_.path();
    const std::string self = "/proc/" + std::to_string(::getpid());
    const std::string number = std::to_string(descriptor_);
    const std::string folder = std::to_string(folder_descriptor_);
    return {root + "/secret.txt",
            root + "/outside",
            root + "//secret.txt",
            "//" + root + "/secret.txt",
            root + "/work/../secret.txt",
            root + "/work/./../secret.txt",
            root + "/work-evil/secret.txt",
            root + "/work-evil",
            root + "/work/link_file",
            root + "/work/link_folder/inner.txt",
            root + "/work/sub/../../outside",
            root + "/",
            "/",
            "/proc/self/root" + root + "/secret.txt",
            self + "/root" + root + "/secret.txt",
            "/proc/thread-self/root" + root + "/secret.txt",
            "/proc/self/cwd/inner.txt",
            "/proc/self/cwd",
            "/proc/self/fd/" + number,
            self + "/fd/" + number,
            "/proc/thread-self/fd/" + number,
            "/dev/fd/" + number,
            "/proc/self/fd/" + folder,
            "/proc/self/fd/" + folder + "/inner.txt",
            "/proc/self/fd/" + folder + "/../secret.txt",
            "link_proc_root" + root + "/secret.txt",
            "link_proc_cwd/inner.txt",
            "link_proc_cwd",
            "link_proc_fd/" + number,
            "link_dev_fd/" + number,
            "link_dev_fd/" + folder,
            "link_stdin",
            "link_root" + root + "/secret.txt",
            "~/../" + root + "/secret.txt",
            "~root/secret.txt",
            "file://" + root + "/secret.txt"};
  }

  std::vector<std::string> odd() const {
    using namespace std::string_literals;
    const std::string secret = base_.path("secret.txt");
    std::string deep;
    for (int i = 0; i < 200; ++i)
      deep += "sub/../";
    return {"\0"s + secret,
            "plain.txt\0/../../secret.txt"s,
            "../secret.txt\0"s,
            "../secret.txt\0.png"s,
            secret + "\0"s,
            "link_file\0"s,
            deep + "../secret.txt",
            deep + deep + deep + "../secret.txt",
            std::string(5000, '.') + "/secret.txt",
            std::string(300, 'a'),
            std::string(100'000, '/') + secret,
            "sub/" + std::string(4090, '/') + "../../secret.txt",
            "\xe2\x80\xa5/secret.txt",              // two dot leader
            "\xe2\x80\xa5",                         // a link of that name
            "\xef\xbc\x8e\xef\xbc\x8e/secret.txt",  // full-width dots
            "..\xe2\x88\x95secret.txt",             // division slash
            "..\xef\xbc\x8fsecret.txt",             // full-width solidus
            "\xc0\xae\xc0\xae/secret.txt",          // overlong dots
            "..\xc0\xafsecret.txt",                 // overlong slash
            "%2e%2e/secret.txt",
            "..%2fsecret.txt",
            "..\\secret.txt",
            "sub\\..\\..\\secret.txt",
            "new\nline",
            "plain.txt\n../secret.txt",
            " plain.txt",
            "plain.txt ",
            " ../secret.txt",
            "../secret.txt ",
            "\"../secret.txt\"",
            "$PWD/../secret.txt",
            "$(cat ../secret.txt)",
            "`cat ../secret.txt`",
            "../sec*.txt",
            "../{secret.txt}",
            "\u202e../secret.txt",
            "..\u200b/secret.txt",
            "...",
            ".../secret.txt",
            "pipe",
            "socket",
            "pipe/",
            "/dev/zero",
            "/dev/stdin",
            "/dev/tty",
            "/proc/self/mem",
            "/proc/self/environ",
            "-",
            "--help"};
  }

  Folder base_;
  int descriptor_ = -1;
  int folder_descriptor_ = -1;
};

inline std::vector<Tool> reading_tools() {
  std::vector<Tool> tools = all_tools();
  std::erase_if(tools, [](const Tool& tool) {
    return !tool.parameters["properties"].contains("path") || tool.effect != agent::Effect::Read;
  });
  return tools;
}

// Calls every tool that reads with every path. Nothing secret may come back while nobody has allowed it, and a path
// that is said to be inside must be there by the C library's account as well.
inline void check_nothing_escapes(const HostileTree& tree) {
  const ToolContext context = context_of(tree.folders());
  std::size_t checked = 0;
  for (const Tool& tool : reading_tools()) {
    for (const std::string& path : tree.paths()) {
      Json arguments = {{"path", path}};
      if (tool.name == "search_files") arguments["query"] = "needle";
      if (tool.name == "read_symbol") arguments["symbol"] = "needle";
      const Outcome outcome = call(tool, arguments, context);
      const std::string where =
          tool.name + " " + QByteArray::fromStdString(path.substr(0, 200)).toPercentEncoding().toStdString();
      QVERIFY2(outcome.text.find(kSecret) == std::string::npos, where.c_str());
      ++checked;
      if (!outcome.planned) continue;
      QCOMPARE(outcome.planned->paths.size(), std::size_t{1});
      char* real = ::realpath(outcome.planned->paths.front().c_str(), nullptr);
      QVERIFY2(real != nullptr && outcome.planned->paths.front() == real, where.c_str());
      const std::string resolved = real;
      std::free(real);
      bool really_inside = false;
      for (const std::string& folder : tree.folders())
        really_inside = really_inside || resolved == folder || resolved.starts_with(folder + "/");
      QVERIFY2(outcome.planned->inside_folders == really_inside, where.c_str());
      QVERIFY2(outcome.planned->inside_folders || outcome.failed, where.c_str());
    }
  }
  QVERIFY(checked >= 5 * 400);
}

// The same paths do lead to the secret once the user has allowed it: otherwise the check above would prove nothing.
inline void check_the_paths_are_dangerous(const HostileTree& tree) {
  ToolContext context = context_of(tree.folders());
  context.outside_allowed = true;
  int reached = 0;
  for (const Tool& tool : reading_tools())
    for (const std::string& path : tree.paths()) {
      if (path == "/" || path == "link_root" || path.starts_with("link_root/") || path.ends_with("../../")) continue;
      Json arguments = {{"path", path}};
      if (tool.name == "search_files") arguments["query"] = "needle";
      if (tool.name == "read_symbol") arguments["symbol"] = "needle";
      const Outcome outcome = call(tool, arguments, context);
      if (outcome.text.find(kSecret) != std::string::npos) ++reached;
    }
  QVERIFY2(reached >= 100, std::to_string(reached).c_str());
}

// A call of a tool that changes files, to do what it does to this path.
struct ChangingCall {
  Tool tool;
  std::function<Json(const std::string& path)> arguments;
};

inline std::vector<ChangingCall> changing_calls() {
  return {
      {write_file_tool(),
       [](const std::string& path) {
         return Json{{"path", path}, {"content", "escaped"}};
       }},
      {edit_file_tool(),
       [](const std::string& path) {
         return Json{{"path", path}, {"old_text", "needle"}, {"new_text", "escaped"}};
       }},
      {move_file_tool(),
       [](const std::string& path) {
         return Json{{"from", path}, {"to", "taken.txt"}};
       }},
      {move_file_tool(),
       [](const std::string& path) {
         return Json{{"from", "second.txt"}, {"to", path}};
       }},
      {delete_file_tool(),
       [](const std::string& path) {
         return Json{{"path", path}};
       }},
  };
}

// What lies beside the folders of the conversation: names, kinds and contents.
inline std::string outside_of(const HostileTree& tree) {
  namespace fs = std::filesystem;
  std::vector<std::string> entries;
  for (auto entry = fs::recursive_directory_iterator(tree.base().path()); entry != fs::recursive_directory_iterator();
       ++entry) {
    const std::string name = fs::relative(entry->path(), tree.base().path()).string();
    if (name == "work" || name == "second") {
      entry.disable_recursion_pending();
      continue;
    }
    std::string content;
    if (entry->is_regular_file()) {
      std::ifstream file(entry->path());
      std::getline(file, content, '\0');
    }
    entries.push_back(name + "=" + content);
  }
  std::sort(entries.begin(), entries.end());
  std::string all;
  for (const std::string& entry : entries)
    all += entry + "\n";
  return all;
}

// The part of a path that exists, as the C library resolves it.
inline std::string resolved_beginning(std::string path) {
  for (;;) {
    if (char* real = ::realpath(path.c_str(), nullptr)) {
      std::string resolved = real;
      std::free(real);
      return resolved;
    }
    const std::size_t slash = path.rfind('/');
    if (slash == 0 || slash == std::string::npos) return "/";
    path.resize(slash);
  }
}

inline bool is_beneath(const std::string& path, const std::vector<std::string>& folders) {
  return std::any_of(folders.begin(), folders.end(),
                     [&](const std::string& folder) { return path == folder || path.starts_with(folder + "/"); });
}

// Calls every tool that changes files with every path. What lies outside stays as it was while nobody has allowed
// otherwise, and a path that is said to be inside is there by the C library's account as well.
inline void check_nothing_outside_changes() {
  std::size_t checked = 0;
  auto tree = std::make_unique<HostileTree>();
  tree->base().write("work/second.txt", "x");
  std::string before = outside_of(*tree);
  const std::size_t paths = tree->paths().size();
  for (const ChangingCall& changing : changing_calls()) {
    for (std::size_t i = 0; i < paths; ++i) {
      const std::string path = tree->paths()[i];
      const ToolContext context = context_of(tree->folders());
      const Outcome outcome = call(changing.tool, changing.arguments(path), context);
      const std::string where =
          changing.tool.name + " " + QByteArray::fromStdString(path.substr(0, 200)).toPercentEncoding().toStdString();
      ++checked;
      if (outcome.planned) {
        bool really_inside = true;
        for (const std::string& planned : outcome.planned->paths)
          really_inside = really_inside && is_beneath(resolved_beginning(planned), tree->folders());
        QVERIFY2(!outcome.planned->inside_folders || really_inside, where.c_str());
        QVERIFY2(outcome.planned->inside_folders || outcome.failed, where.c_str());
      }
      if (outcome.failed && i % 16 != 0) continue;
      QVERIFY2(outside_of(*tree) == before, where.c_str());
      if (outcome.failed) continue;
      // What was changed inside may have been a trap of the tree.
      tree.reset();
      tree = std::make_unique<HostileTree>();
      tree->base().write("work/second.txt", "x");
      before = outside_of(*tree);
    }
    QVERIFY2(outside_of(*tree) == before, changing.tool.name.c_str());
  }
  QVERIFY(checked >= 5 * 400);
}

}  // namespace facet::tools::test
