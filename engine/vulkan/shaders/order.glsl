// Whole numbers in the order of the floats, so that even what is no number has its place.
uint order_of(float value) {
  const uint bits = floatBitsToUint(value == 0.0 ? 0.0 : value);
  return (bits & 0x80000000u) != 0u ? ~bits : bits | 0x80000000u;
}
