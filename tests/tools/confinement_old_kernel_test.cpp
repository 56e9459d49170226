#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <QtTest>
#include <array>
#include <cerrno>
#include <cstddef>

#include "tests/tools/hostile_paths.h"

using namespace facet::tools::test;

namespace {

// From here on openat2 answers `error`, as on a kernel that does not have it (ENOSYS) or in a container whose filter
// does not know it (EPERM). Can not be taken back.
bool take_openat2_away(int error) {
  const std::array<sock_filter, 4> filter = {
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

}  // namespace

// Everything once more without openat2.
class ConfinementOldKernelTest : public QObject {
  Q_OBJECT

 private slots:
  void nothing_escapes_data() {
    QTest::addColumn<int>("error");
    QTest::newRow("kernel without openat2") << ENOSYS;
    QTest::newRow("container without openat2") << EPERM;
  }
  void nothing_escapes() {
    QFETCH(int, error);
    if (!take_openat2_away(error)) QSKIP("this process may not install a filter");
    open_how how = {};
    QCOMPARE(::syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how), -1L);
    QCOMPARE(errno, error);

    const HostileTree tree;
    const Outcome plain =
        call(facet::tools::read_file_tool(), {{"path", "sub/../plain.txt"}}, context_of(tree.folders()));
    COMPARE_TEXT(plain.text, "needle harmless");
    check_nothing_escapes(tree);
    check_the_paths_are_dangerous(tree);
  }
};

QTEST_APPLESS_MAIN(ConfinementOldKernelTest)
#include "confinement_old_kernel_test.moc"
