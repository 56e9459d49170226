// How a cache keeps its rows, in words: float32; pairs of halves; or 8-bit codes, four to a word, followed by the halves
// that are the scales of 32 codes each.
const uint kCacheF32 = 0u;
const uint kCacheF16 = 1u;
const uint kCacheQ8_0 = 2u;
const uint kNoCache = 3u;
