// Writes the codes of a block of 32 values, those that source_cell(from + i) gives, and returns its scale as a half.
uint store_block(uint from, uint to) {
  float largest = 0.0;
  for (uint i = 0u; i < 32u; ++i)
    largest = max(largest, abs(source_cell(from + i)));
  const float scale = divide(largest, 127.0);
  // Zero as well where the reciprocal would be infinite: a scale that small is zero as a half.
  const float inverse = scale >= 1.17549435e-38 ? divide(1.0, scale) : 0.0;
  for (uint w = 0u; w < 8u; ++w) {
    uint word = 0u;
    for (uint i = 0u; i < 4u; ++i) {
      precise float scaled = source_cell(from + 4u * w + i) * inverse;
      word |= (uint(int(round_away(scaled))) & 0xffu) << (8u * i);
    }
    put_word(to + w, word);
  }
  return half_bits(scale);
}
