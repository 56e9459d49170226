#include "engine/base/sha256.h"

#include <QCryptographicHash>
#include <QtTest>

using facet::Sha256;
using facet::sha256_hex;

class Sha256Test : public QObject {
  Q_OBJECT

 private slots:
  // The examples of FIPS 180-2 and of NIST's vectors.
  void published_digests() {
    QCOMPARE(sha256_hex(""), std::string("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    QCOMPARE(sha256_hex("abc"), std::string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    QCOMPARE(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
             std::string("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
    QCOMPARE(sha256_hex(std::string(1'000'000, 'a')),
             std::string("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
  }

  // Every length around the block border, in pieces of every size, against Qt's implementation.
  void any_length_in_any_pieces() {
    QByteArray bytes;
    for (int length = 0; length < 200; ++length) {
      const std::string expected = QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex().toStdString();
      for (int piece : {1, 7, 55, 64, 65, 300}) {
        Sha256 hash;
        for (int at = 0; at < bytes.size(); at += piece)
          hash.update(bytes.mid(at, piece).toStdString());
        QCOMPARE(hash.finish(), expected);
      }
      bytes += static_cast<char>(length * 37);
    }
  }
};

QTEST_APPLESS_MAIN(Sha256Test)
#include "sha256_test.moc"
