#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QTemporaryDir>
#include <QtTest>
#include <algorithm>
#include <csignal>
#include <thread>

#include "engine/base/mapped_file.h"
#include "engine/engine.h"
#include "engine/gguf/gguf_file.h"

using namespace facet;
using namespace facet::engine;

namespace fs = std::filesystem;

// Files that are cut off while they are mapped.
class LostPagesTest : public QObject {
  Q_OBJECT

 private slots:
  void what_is_gone_reads_as_zeros();
  void other_files_stay_as_they_are();
  void threads_may_meet_it_together();
  void other_faults_end_the_process_data();
  void other_faults_end_the_process();
  void a_model_says_so_data();
  void a_model_says_so();
  void a_model_that_was_copied_goes_on();

 private:
  const std::string sentence_ =
      "'model.gguf' was cut off, or its disk is gone, while it was in use; open it again when it is whole.";
  const std::size_t page_bytes_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));

  fs::path path_of(const char* name) const { return folder_.filePath(name).toStdString(); }
  std::unique_ptr<MappedFile> map(const char* name, std::size_t pages) const {
    QFile file(folder_.filePath(name));
    if (!file.open(QIODevice::WriteOnly) ||
        file.write(QByteArray(static_cast<qsizetype>(pages * page_bytes_), 'x')) < 0)
      qFatal("the file can not be written");
    file.close();
    auto mapped = MappedFile::open(path_of(name));
    if (!mapped.ok()) qFatal("%s", mapped.error().message.c_str());
    return std::move(mapped).value();
  }
  fs::path copy_of_model() const {
    const fs::path copy = path_of("model.gguf");
    fs::copy_file(FACET_TEST_DATA "/models/e-q4_0.gguf", copy, fs::copy_options::overwrite_existing);
    return copy;
  }
  // Where a row of a tensor begins in its file, give or take the end that fills up the file's last tensor.
  static std::uintmax_t bytes_up_to_row(const fs::path& path, const char* name, std::size_t row) {
    const auto file = GgufFile::open(path);
    if (!file.ok()) qFatal("%s", file.error().message.c_str());
    const std::byte* end = nullptr;
    for (const GgufTensor& tensor : (*file)->tensors())
      end = std::max(end, tensor.data.data() + tensor.data.size());
    const GgufTensor& tensor = *(*file)->find(name);
    const std::byte* const begin = tensor.data.data() + row * row_bytes(tensor.format, tensor.shape[0]);
    return (*file)->file_bytes() - static_cast<std::uintmax_t>(end - begin);
  }
  static char at(const MappedFile& file, std::size_t offset) {
    return static_cast<char>(*static_cast<const volatile std::byte*>(&file.bytes()[offset]));
  }

  QTemporaryDir folder_;
};

void LostPagesTest::what_is_gone_reads_as_zeros() {
  const auto file = map("cut", 8);
  QCOMPARE(at(*file, 7 * page_bytes_), 'x');
  fs::resize_file(path_of("cut"), 2 * page_bytes_);
  QCOMPARE(at(*file, page_bytes_), 'x');
  QVERIFY(file->is_intact());
  QCOMPARE(at(*file, 5 * page_bytes_ + 17), '\0');
  QVERIFY(!file->is_intact());
  QCOMPARE(at(*file, 8 * page_bytes_ - 1), '\0');
  QCOMPARE(at(*file, 2 * page_bytes_), '\0');
  QCOMPARE(at(*file, 2 * page_bytes_ - 1), 'x');
}

void LostPagesTest::other_files_stay_as_they_are() {
  const auto whole = map("whole", 3);
  const auto cut = map("cut too", 3);
  fs::resize_file(path_of("cut too"), 0);
  QCOMPARE(at(*cut, 0), '\0');
  QVERIFY(!cut->is_intact());
  QVERIFY(whole->is_intact());
  QCOMPARE(at(*whole, 2 * page_bytes_), 'x');
  // The next file may lie where one was before.
  const auto next = map("next", 3);
  QVERIFY(next->is_intact());
}

void LostPagesTest::threads_may_meet_it_together() {
  const auto file = map("shared", 64);
  fs::resize_file(path_of("shared"), page_bytes_);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (std::size_t page = 1 + t; page < 64; ++page)
          (void)at(*file, page * page_bytes_);
      });
  }
  QVERIFY(!file->is_intact());
  QCOMPARE(at(*file, 63 * page_bytes_), '\0');
}

void LostPagesTest::other_faults_end_the_process_data() {
  QTest::addColumn<bool>("sent");
  QTest::newRow("in another mapping") << false;
  QTest::newRow("sent by somebody") << true;
}

// In a child, whose end is looked at.
void LostPagesTest::other_faults_end_the_process() {
#ifdef __SANITIZE_ADDRESS__
  QSKIP("The sanitizer's own handler ends the process in its own way.");
#endif
  QFETCH(bool, sent);
  const auto watched = map("watched", 2);
  const pid_t child = ::fork();
  if (child == 0) {
    QFile file(folder_.filePath("watched"));
    if (sent) std::raise(SIGBUS);
    if (!file.open(QIODevice::ReadWrite)) std::_Exit(1);
    const uchar* const other = file.map(0, 2 * page_bytes_);
    file.resize(0);
    std::_Exit(other == nullptr ? 2 : static_cast<const volatile uchar*>(other)[0]);
  }
  int status = 0;
  QCOMPARE(::waitpid(child, &status, 0), child);
  QVERIFY2(WIFSIGNALED(status), qPrintable(QString::number(status)));
  QCOMPARE(WTERMSIG(status), SIGBUS);
}

void LostPagesTest::a_model_says_so_data() {
  QTest::addColumn<bool>("is_full");
  QTest::addColumn<bool>("is_used_before");
  QTest::newRow("full precision") << true << false;
  QTest::newRow("full precision, used before") << true << true;
  QTest::newRow("matrices that are to be copied") << false << false;
}

void LostPagesTest::a_model_says_so() {
  QFETCH(bool, is_full);
  QFETCH(bool, is_used_before);
  const fs::path copy = copy_of_model();
  const auto engine = Engine::open(copy, {.precision = is_full ? Precision::Full : Precision::Fast});
  QVERIFY(engine.ok());
  const auto sequence = (*engine)->create_sequence();
  const auto other = (*engine)->create_sequence();
  const std::vector<Token> tokens(100, 7);
  if (is_used_before) {
    QVERIFY(sequence->sync(std::span(tokens).first(50)).ok());
    QVERIFY(other->sync(std::span(tokens).first(30)).ok());
  }

  fs::resize_file(copy, fs::file_size(copy) / 2);
  const auto refused = sequence->sync(tokens);
  QVERIFY(!refused.ok());
  QCOMPARE(refused.error().message, sentence_);
  // What was computed with zeros is not kept, and nothing more is computed.
  QVERIFY(sequence->tokens().empty());
  QCOMPARE(sequence->append(3).error().message, sentence_);
  QCOMPARE(other->sync(tokens).error().message, sentence_);
  // Another engine does not open it at all.
  QVERIFY(!Engine::open(copy, {}).ok());
}

// What was copied is asked for no more; rows of a table are.
void LostPagesTest::a_model_that_was_copied_goes_on() {
  const fs::path copy = copy_of_model();
  const auto engine = Engine::open(copy, {.precision = Precision::Fast});
  QVERIFY(engine.ok());
  // So small a model is copied on any machine.
  QCOMPARE((*engine)->memory().devices[0].mapped_bytes, std::uint64_t{0});
  const auto sequence = (*engine)->create_sequence();
  const std::vector<Token> tokens(100, 7);
  QVERIFY(sequence->sync(std::span(tokens).first(50)).ok());

  fs::resize_file(copy, bytes_up_to_row(copy, "per_layer_token_embd.weight", 600));
  QVERIFY(sequence->sync(tokens).ok());
  const auto whole = Engine::open(FACET_TEST_DATA "/models/e-q4_0.gguf", {.precision = Precision::Fast});
  QVERIFY(whole.ok());
  const auto expected = (*whole)->create_sequence();
  QVERIFY(expected->sync(tokens).ok());
  QVERIFY(std::ranges::equal(sequence->last_logits(), expected->last_logits()));
  QCOMPARE(sequence->append(1200).error().message, sentence_);
}

// Without the library's own handler, so that what is not ours ends as it does in the program.
int main(int count, char** arguments) {
  std::vector<char*> all(arguments, arguments + count);
  std::string option = "-nocrashhandler";
  all.push_back(option.data());
  LostPagesTest test;
  return QTest::qExec(&test, static_cast<int>(all.size()), all.data());
}
#include "lost_pages_test.moc"
