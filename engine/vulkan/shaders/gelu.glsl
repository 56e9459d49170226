// x/2 (1 + tanh(u)) = x / (1 + exp(-2u)): without the sum that cancels.
float gelu(float x) {
  precise float inner = fma(0.044715 * x * x, x, x);
  return x / (1.0 + exponential(-1.5957691216 * inner));
}
