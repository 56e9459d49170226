#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <vector>

#include "engine/vulkan/pipeline_cache.h"
#include "engine/vulkan/pipelines.h"

using namespace facet::engine::vulkan;

// What is kept of compiled kernels from one start to the next.
class VulkanPipelineCacheTest : public QObject {
  Q_OBJECT

 private slots:
  void init();
  void what_is_written_is_read();
  void damaged_files_are_as_none_data();
  void damaged_files_are_as_none();
  void a_folder_that_can_not_be_written_is_no_failure();
  void devices_keep_their_kernels();

 private:
  std::filesystem::path path(const char* name) const { return (folder_->path() + "/" + name).toStdString(); }

  std::unique_ptr<QTemporaryDir> folder_;
  std::vector<std::byte> data_;
};

void VulkanPipelineCacheTest::init() {
  folder_ = std::make_unique<QTemporaryDir>();
  data_.resize(5000);
  for (std::size_t i = 0; i < data_.size(); ++i)
    data_[i] = static_cast<std::byte>(i * 37 % 251);
}

void VulkanPipelineCacheTest::what_is_written_is_read() {
  QVERIFY(read_pipeline_cache(path("none")).empty());
  QVERIFY(read_pipeline_cache({}).empty());
  // Folders are made on the way.
  write_pipeline_cache(path("a/b/cache"), data_);
  QVERIFY(read_pipeline_cache(path("a/b/cache")) == data_);
  data_.resize(17);
  write_pipeline_cache(path("a/b/cache"), data_);
  QVERIFY(read_pipeline_cache(path("a/b/cache")) == data_);
  QCOMPARE(QDir(folder_->filePath("a/b")).entryList(QDir::Files), QStringList{"cache"});
}

void VulkanPipelineCacheTest::damaged_files_are_as_none_data() {
  QTest::addColumn<int>("length");
  QTest::addColumn<int>("flipped");
  QTest::addRow("empty") << 0 << -1;
  QTest::addRow("a part of the header") << 11 << -1;
  QTest::addRow("a part of the data") << 3000 << -1;
  QTest::addRow("another magic") << -1 << 2;
  QTest::addRow("another length") << -1 << 14;
  QTest::addRow("another checksum") << -1 << 17;
  QTest::addRow("another byte") << -1 << 4000;
}

void VulkanPipelineCacheTest::damaged_files_are_as_none() {
  QFETCH(int, length);
  QFETCH(int, flipped);
  write_pipeline_cache(path("cache"), data_);
  QFile file(folder_->filePath("cache"));
  QVERIFY(file.open(QIODevice::ReadWrite));
  if (length >= 0) QVERIFY(file.resize(length));
  if (flipped >= 0) {
    QVERIFY(file.seek(flipped));
    const char old = file.read(1).at(0);
    QVERIFY(file.seek(flipped));
    QVERIFY(file.putChar(static_cast<char>(old ^ 0x40)));
  }
  file.close();
  QVERIFY(read_pipeline_cache(path("cache")).empty());
}

void VulkanPipelineCacheTest::a_folder_that_can_not_be_written_is_no_failure() {
  write_pipeline_cache("/proc/facet/cache", data_);
  QVERIFY(read_pipeline_cache("/proc/facet/cache").empty());
}

// A damaged file of the device itself is written anew, and the kernels work with it and without.
void VulkanPipelineCacheTest::devices_keep_their_kernels() {
  qputenv("XDG_CACHE_HOME", folder_->path().toUtf8());
  const auto device = Device::open("");
  if (!device.ok()) QSKIP(device.error().message.c_str());
  const std::filesystem::path file = pipeline_cache_file(**device);
  QVERIFY(file.string().starts_with(folder_->path().toStdString() + "/facet/vulkan-"));
  std::filesystem::create_directories(file.parent_path());
  for (int time = 0; time < 3; ++time) {
    if (time == 1) QVERIFY(QFile::resize(QString::fromStdString(file.string()), 40));
    const auto pipelines = Pipelines::create(**device);
    QVERIFY(pipelines.ok());
    QVERIFY((*pipelines)->get({&shader_of(Operation::Norm), {1, 0}}).ok());
  }
  QVERIFY(!read_pipeline_cache(file).empty());
}

QTEST_APPLESS_MAIN(VulkanPipelineCacheTest)
#include "vulkan_pipeline_cache_test.moc"
