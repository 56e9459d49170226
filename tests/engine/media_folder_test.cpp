#include "engine/media/media_folder.h"

#include <sys/resource.h>

#include <QTemporaryDir>
#include <QTest>
#include <chrono>
#include <csignal>
#include <filesystem>

#include "engine/media/opened_projector.h"
#include "engine/media/projector_identity.h"
#include "media_agreement.h"
#include "tiny_projector.h"

using namespace facet;
using namespace facet::engine;
namespace fs = std::filesystem;

namespace {

const QString kModel = FACET_TEST_DATA "/models/e-f32.gguf";
const QString kProjector = FACET_TEST_DATA "/models/mmproj-e-bf16.gguf";

std::string key_of(char digit) {
  return std::string(64, digit);
}

MediaEmbedding embedding(std::size_t values, float first = 1) {
  std::vector<float> rows(values, 0.5F);
  rows[0] = first;
  return {MediaEmbedding::Kind::Picture, "hash", 4, std::move(rows)};
}

RgbImage picture() {
  return media_vectors::gradient(100, 60, 7);
}

PcmAudio sound() {
  PcmAudio audio;
  for (int i = 0; i < 8000; ++i)
    audio.samples.push_back(static_cast<float>(i % 50) / 100);
  return audio;
}

}  // namespace

// What encoders made at other times: found again, bounded, and never an error.
class MediaFolderTest : public QObject {
  Q_OBJECT

 private slots:
  void init() { folder_ = std::make_unique<QTemporaryDir>(); }
  void what_was_kept_is_found();
  void what_is_damaged_is_not_found();
  void what_was_damaged_is_kept_anew();
  void what_was_not_asked_for_goes_first();
  void what_others_have_put_there_stays();
  void what_was_left_unfinished_goes();
  void a_folder_that_can_not_be_used_is_no_error();
  void a_full_disk_is_no_error();
  void digests_are_kept();
  void projectors_differ_by_their_tensors();
  void another_engine_encodes_nothing();
  void another_projector_encodes_anew();

 private:
  fs::path path() const { return folder_->filePath("encoded").toStdString(); }
  MediaFolder folder(std::uint64_t most = 1U << 20U) const { return {path(), most}; }
  std::shared_ptr<const MediaEmbedding> find(char digit) const {
    return folder().find(key_of(digit), MediaEmbedding::Kind::Picture, 4, "hash");
  }
  fs::path file(char digit) const { return path() / (key_of(digit) + ".rows"); }
  // As if it was last asked for so many hours ago.
  void age(char digit, int hours) const {
    fs::last_write_time(file(digit), fs::file_time_type::clock::now() - std::chrono::hours(hours));
  }
  QByteArray contents(char digit) const { return reference_models::contents(QString::fromStdString(file(digit))); }
  void overwrite(char digit, const QByteArray& bytes) const {
    QFile out(QString::fromStdString(file(digit)));
    QVERIFY(out.open(QIODevice::WriteOnly) && out.write(bytes) == bytes.size());
  }

  std::unique_ptr<QTemporaryDir> folder_;
};

void MediaFolderTest::what_was_kept_is_found() {
  QVERIFY(find('a') == nullptr);
  folder().add(key_of('a'), embedding(40));
  const auto found = find('a');
  QVERIFY(found != nullptr);
  QCOMPARE(found->rows, embedding(40).rows);
  QCOMPARE(found->hash, std::string("hash"));
  QCOMPARE(found->tokens(), 10U);
  QVERIFY(find('b') == nullptr);
  // For another use than it was made for it is not the same.
  QVERIFY(folder().find(key_of('a'), MediaEmbedding::Kind::Sound, 4, "hash") == nullptr);
  QVERIFY(folder().find(key_of('a'), MediaEmbedding::Kind::Picture, 8, "hash") == nullptr);
  // What it was given by another name is not it.
  fs::copy_file(file('a'), file('b'));
  QVERIFY(find('b') == nullptr);
  // Nobody else sees what a user has looked at.
  QCOMPARE(fs::status(path()).permissions() & (fs::perms::group_all | fs::perms::others_all), fs::perms::none);
}

void MediaFolderTest::what_is_damaged_is_not_found() {
  folder().add(key_of('a'), embedding(40));
  const QByteArray whole = contents('a');
  for (qsizetype i = 0; i < whole.size(); ++i) {
    QByteArray other = whole;
    other[i] = static_cast<char>(other[i] ^ 1);
    overwrite('a', other);
    QVERIFY2(find('a') == nullptr, qPrintable(QString("byte %1").arg(i)));
  }
  for (qsizetype length = 0; length < whole.size(); length += 7) {
    overwrite('a', whole.first(length));
    QVERIFY2(find('a') == nullptr, qPrintable(QString("length %1").arg(length)));
  }
  overwrite('a', whole + "x");
  QVERIFY(find('a') == nullptr);
  overwrite('a', whole);
  QVERIFY(find('a') != nullptr);
}

void MediaFolderTest::what_was_damaged_is_kept_anew() {
  folder().add(key_of('a'), embedding(40));
  overwrite('a', "nonsense");
  QVERIFY(find('a') == nullptr);
  folder().add(key_of('a'), embedding(40, 3));
  QCOMPARE(find('a')->rows, embedding(40, 3).rows);
}

void MediaFolderTest::what_was_not_asked_for_goes_first() {
  folder().add(key_of('a'), embedding(400));
  const std::uint64_t one = fs::file_size(file('a'));
  folder().add(key_of('b'), embedding(400));
  age('a', 3);
  age('b', 2);
  QVERIFY(find('a') != nullptr);  // just now
  folder(2 * one).add(key_of('c'), embedding(400));
  QVERIFY(find('a') != nullptr && find('c') != nullptr);
  QVERIFY(find('b') == nullptr);
  // Larger than all that there may be.
  folder(one).add(key_of('d'), embedding(800));
  QVERIFY(find('d') == nullptr);
}

void MediaFolderTest::what_others_have_put_there_stays() {
  fs::create_directories(path() / (key_of('f') + ".rows"));
  QFile letter(QString::fromStdString(path() / "letter.txt"));
  QVERIFY(letter.open(QIODevice::WriteOnly) && letter.write(QByteArray(5000, 'x')) == 5000);
  letter.close();
  folder().add(key_of('a'), embedding(40));
  const std::uint64_t one = fs::file_size(file('a'));
  folder(one).add(key_of('b'), embedding(40));
  QVERIFY(find('a') == nullptr && find('b') != nullptr);
  QVERIFY(letter.exists() && fs::is_directory(file('f')));
  // A folder is in the way of a file.
  folder().add(key_of('f'), embedding(40));
  QVERIFY(find('f') == nullptr);
}

void MediaFolderTest::what_was_left_unfinished_goes() {
  folder().add(key_of('a'), embedding(40));
  const fs::path unfinished = path() / (key_of('b') + ".rows.4711");
  fs::copy_file(file('a'), unfinished);
  folder().add(key_of('c'), embedding(40));
  QVERIFY(fs::exists(unfinished));
  fs::last_write_time(unfinished, fs::file_time_type::clock::now() - std::chrono::hours(2));
  folder().add(key_of('d'), embedding(40));
  QVERIFY(!fs::exists(unfinished));
  QCOMPARE(std::distance(fs::directory_iterator(path()), fs::directory_iterator()), 3);
}

void MediaFolderTest::a_folder_that_can_not_be_used_is_no_error() {
  MediaFolder nowhere("/proc/none/encoded", 1U << 20U);
  nowhere.add(key_of('a'), embedding(40));
  QVERIFY(nowhere.find(key_of('a'), MediaEmbedding::Kind::Picture, 4, "hash") == nullptr);
  QVERIFY(nowhere.find_digest(key_of('a')).empty());
}

// A limit of the size of files stands in for the disk.
void MediaFolderTest::a_full_disk_is_no_error() {
  folder().add(key_of('a'), embedding(40));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  QCOMPARE(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 1000;
  QCOMPARE(setrlimit(RLIMIT_FSIZE, &small), 0);
  folder().add(key_of('b'), embedding(4000));
  QCOMPARE(setrlimit(RLIMIT_FSIZE, &before), 0);
  QVERIFY(find('a') != nullptr);
  QVERIFY(find('b') == nullptr);
  QCOMPARE(std::distance(fs::directory_iterator(path()), fs::directory_iterator()), 1);
}

void MediaFolderTest::digests_are_kept() {
  QVERIFY(folder().find_digest(key_of('a')).empty());
  folder().add_digest(key_of('a'), key_of('7'));
  QCOMPARE(folder().find_digest(key_of('a')), key_of('7'));
  const QString name = QString::fromStdString(path() / (key_of('a') + ".digest"));
  QByteArray bytes = reference_models::contents(name);
  bytes[3] = '8';
  QFile out(name);
  QVERIFY(out.open(QIODevice::WriteOnly) && out.write(bytes) == bytes.size());
  out.close();
  QVERIFY(folder().find_digest(key_of('a')).empty());
}

void MediaFolderTest::projectors_differ_by_their_tensors() {
  MediaFolder digests = folder();
  const auto identity = [&](const std::string& name) {
    const auto file = GgufFile::open(name).value();
    const auto projector = read_projector(*file).value();
    return projector_identity(*file, projector.config, digests, {});
  };
  auto content = tiny_projector::build();
  const std::string first = gguf_image::write_file(*folder_, "first.gguf", content.bytes());
  const std::string same = gguf_image::write_file(*folder_, "same.gguf", content.bytes());
  QByteArray& data = content.tensor("v.blk.1.ffn_up.weight").data;
  data[17] = static_cast<char>(data[17] ^ 1);
  const std::string other = gguf_image::write_file(*folder_, "other.gguf", content.bytes());
  const std::string of_first = identity(first);
  QCOMPARE(of_first.size(), std::size_t{64});
  QCOMPARE(identity(first), of_first);
  QCOMPARE(identity(same), of_first);
  QVERIFY(identity(other) != of_first);
  // Other contents under the same name, of the same size and with the same time.
  const auto time = fs::last_write_time(first);
  fs::copy_file(other, first, fs::copy_options::overwrite_existing);
  fs::last_write_time(first, time);
  QCOMPARE(identity(first), identity(other));
  std::stop_source stop;
  stop.request_stop();
  MediaFolder empty(path() / "other", 1U << 20U);
  const auto file = GgufFile::open(other).value();
  QVERIFY(projector_identity(*file, read_projector(*file)->config, empty, stop.get_token()).empty());
}

// As after a new start of the program.
void MediaFolderTest::another_engine_encodes_nothing() {
  const EngineOptions options{.projector = kProjector.toStdString(), .media_folder = path()};
  std::shared_ptr<const MediaEmbedding> seen;
  std::shared_ptr<const MediaEmbedding> heard;
  {
    const auto engine = reference_conversations::open(kModel, options);
    seen = engine->encode(picture(), 70).value();
    heard = engine->encode(sound()).value();
    QCOMPARE(engine->encodings(), std::uint64_t{2});
    QCOMPARE(engine->encode(picture(), 70).value(), seen);
    QCOMPARE(engine->encodings(), std::uint64_t{2});
  }
  const auto engine = reference_conversations::open(kModel, options);
  const auto seen_again = engine->encode(picture(), 70).value();
  const auto heard_again = engine->encode(sound()).value();
  QCOMPARE(engine->encodings(), std::uint64_t{0});
  QCOMPARE(seen_again->rows, seen->rows);
  QCOMPARE(seen_again->hash, seen->hash);
  QCOMPARE(heard_again->rows, heard->rows);
  QCOMPARE(heard_again->kind, MediaEmbedding::Kind::Sound);
  // What is in memory by then is not read again.
  fs::remove_all(path());
  QCOMPARE(engine->encode(picture(), 70).value(), seen_again);
  QVERIFY(engine->encode(picture(), 140).ok());
  QCOMPARE(engine->encodings(), std::uint64_t{1});
}

void MediaFolderTest::another_projector_encodes_anew() {
  const QString copy = folder_->filePath("mmproj.gguf");
  QVERIFY(QFile::copy(kProjector, copy));
  const auto rows = [&](const QString& projector, std::uint64_t encodings, Precision precision = Precision::Automatic) {
    const auto engine = reference_conversations::open(
        kModel, {.precision = precision, .projector = projector.toStdString(), .media_folder = path()});
    const auto media = engine->encode(picture(), 70).value();
    return engine->encodings() == encodings ? media->rows : std::vector<float>();
  };
  const std::vector<float> first = rows(kProjector, 1);
  QVERIFY(!first.empty());
  // The same elsewhere.
  QCOMPARE(rows(copy, 0), first);
  QVERIFY(!rows(kProjector, 1, Precision::Fast).empty());
  // Another one in its place: the last tensor has another value.
  QFile file(copy);
  QVERIFY(file.setPermissions(QFile::ReadOwner | QFile::WriteOwner) && file.open(QIODevice::ReadWrite));
  const auto tensor = GgufFile::open(kProjector.toStdString()).value();
  const GgufTensor* const changed = tensor->find("mm.input_projection.weight");
  const QByteArray bytes(reinterpret_cast<const char*>(changed->data.data()), 64);
  const qsizetype place = reference_models::contents(kProjector).indexOf(bytes);
  QVERIFY(place > 0 && file.seek(place) && file.write(QByteArray(64, '\0')) == 64);
  file.close();
  const std::vector<float> other = rows(copy, 1);
  QVERIFY(!other.empty() && other != first);
}

QTEST_APPLESS_MAIN(MediaFolderTest)
#include "media_folder_test.moc"
