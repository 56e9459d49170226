// Functions that Vulkan lets a driver compute roughly, computed here from operations that are exact to the last bit or
// nearly so. What is `precise` is neither reordered nor contracted.

float half_value(uint bits) {
  const uint magnitude = bits & 0x7fffu;
  // Below 2^-14 halves are multiples of 2^-24; drivers may take such numbers for zero.
  float value = float(magnitude) * 5.9604644775390625e-8;
  if (magnitude >= 0x400u) value = uintBitsToFloat((magnitude << 13) + 0x38000000u);
  if (magnitude >= 0x7c00u) value = uintBitsToFloat((magnitude << 13) | 0x7f800000u);
  return (bits & 0x8000u) != 0u ? -value : value;
}

// Rounded to nearest even; what is too large becomes infinite.
uint half_bits(float value) {
  const uint bits = floatBitsToUint(value);
  const uint sign = (bits >> 16) & 0x8000u;
  const uint magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return sign | 0x7e00u;
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;
  if (magnitude >= 0x38800000u) return sign | ((magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13);
  // A multiple of 2^-24: the significand, moved right with what falls off rounded.
  const uint exponent = magnitude >> 23;
  if (exponent < 102u) return sign;
  const uint significand = (magnitude & 0x7fffffu) | 0x800000u;
  const uint shift = 126u - exponent;
  const uint whole = significand >> shift;
  const uint rest = significand & ((1u << shift) - 1u);
  const uint middle = 1u << (shift - 1u);
  return sign | (whole + uint(rest > middle || (rest == middle && (whole & 1u) != 0u)));
}

// a - q b for a quotient q of ordinary size, exactly: `fma` may round twice, so the product is taken apart into halves of
// 12 bits.
float remainder_of(float a, float b, float q) {
  precise float q_scaled = 4097.0 * q;
  precise float q_high = q_scaled - (q_scaled - q);
  precise float q_low = q - q_high;
  precise float b_scaled = 4097.0 * b;
  precise float b_high = b_scaled - (b_scaled - b);
  precise float b_low = b - b_high;
  precise float product = q * b;
  precise float rest = ((q_high * b_high - product) + q_high * b_low + q_low * b_high) + q_low * b_low;
  precise float remainder = (a - product) - rest;
  return remainder;
}

// Correctly rounded for ordinary numbers: the driver's quotient, corrected by what it leaves over.
float divide(float a, float b) {
  precise float quotient = a / b;
  precise float corrected = quotient + remainder_of(a, b, quotient) / b;
  return isinf(corrected) || isnan(corrected) ? quotient : corrected;
}

// To the nearest whole number, halves away from zero.
float round_away(float x) {
  const float whole = trunc(x);
  return abs(x - whole) >= 0.5 ? whole + sign(x) : whole;
}

// exp(x) = 2^n exp(r) with |r| <= ln(2) / 2 and a polynomial for exp(r); good to about a unit in the last place.
// Results beyond the largest float stop at exp(88), those below the smallest ordinary one are zero.
float exponential(float x) {
  if (x < -87.0) return 0.0;
  x = min(x, 88.0);
  precise float n = floor(fma(x, 1.44269504, 0.5));
  precise float r = fma(n, -0.693145752, x);
  r = fma(n, -1.42860677e-6, r);
  precise float p = 1.98412698e-4;
  p = fma(p, r, 1.38888889e-3);
  p = fma(p, r, 8.33333333e-3);
  p = fma(p, r, 4.16666667e-2);
  p = fma(p, r, 1.66666667e-1);
  p = fma(p, r, 0.5);
  p = fma(p, r, 1.0);
  p = fma(p, r, 1.0);
  return p * uintBitsToFloat(uint(int(n) + 127) << 23);
}
