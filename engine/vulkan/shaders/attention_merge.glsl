// Softmax piece by piece: sums relative to the largest score so far, brought to a common one when a piece is added.
struct Shares {
  float old_factor;
  float new_factor;
};

Shares merge_largest(float old_largest, float new_largest) {
  const float largest = max(old_largest, new_largest);
  return Shares(exponential(old_largest - largest), exponential(new_largest - largest));
}

float merge(float old_sum, float new_sum, Shares shares) {
  precise float scaled = old_sum * shares.old_factor;
  precise float merged = fma(new_sum, shares.new_factor, scaled);
  return merged;
}
