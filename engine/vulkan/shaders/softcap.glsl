// cap tanh(x / cap)
float capped(float x, float cap) {
  precise float share = 1.0 - 2.0 / (exponential(2.0 * (x / cap)) + 1.0);
  return cap * share;
}
