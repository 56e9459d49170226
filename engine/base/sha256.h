#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace facet {

// SHA-256 (FIPS 180-4), for naming attachments, prompts and what encoders were given by their content.
class Sha256 {
 public:
  void update(std::string_view bytes);
  // The digest of everything so far in hexadecimal. Ends the computation.
  std::string finish();

 private:
  void process(const unsigned char* block);

  static constexpr std::size_t kBlock = 64;
  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, kBlock> pending_{};
  std::size_t pending_size_ = 0;
  std::uint64_t total_bytes_ = 0;
};

std::string sha256_hex(std::string_view bytes);

}  // namespace facet
