#pragma once

#include <array>

namespace facet::engine {

// What the 4-bit codes of IQ4_NL and IQ4_XS stand for.
inline constexpr std::array<float, 16> kNonLinearCodes = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                          1,    13,   25,  38,  53,  69,  89,  113};

// What the 4-bit codes of MXFP4 (sign, two exponent bits, one mantissa bit) stand for, doubled.
inline constexpr std::array<float, 16> kDoubledE2M1Codes = {0,     1,  2,  3,  4,  6,  8,  12,
                                                            -0.0F, -1, -2, -3, -4, -6, -8, -12};

}  // namespace facet::engine
