// Fused multiply-add of whole vectors. Swift's own `addProduct` is written lane by lane; the optimiser puts the
// lanes together again, but takes minutes over a register tile.
#pragma once

typedef float lockstep_float8 __attribute__((ext_vector_type(8)));
typedef float lockstep_float16 __attribute__((ext_vector_type(16)));

#define LOCKSTEP_INLINE static inline __attribute__((always_inline))

/// a * b + c, rounded once.
LOCKSTEP_INLINE lockstep_float8 lockstep_fma8(lockstep_float8 a, lockstep_float8 b, lockstep_float8 c) {
  return __builtin_elementwise_fma(a, b, c);
}
LOCKSTEP_INLINE lockstep_float16 lockstep_fma16(lockstep_float16 a, lockstep_float16 b, lockstep_float16 c) {
  return __builtin_elementwise_fma(a, b, c);
}

LOCKSTEP_INLINE lockstep_float8 lockstep_sqrt8(lockstep_float8 a) { return __builtin_elementwise_sqrt(a); }

#undef LOCKSTEP_INLINE
