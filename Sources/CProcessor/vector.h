// Single operations on vectors that Swift can only say lane by lane: the optimiser puts the lanes of `addProduct`
// together again, but takes minutes over a register tile, and does not recognise a transposition.
#pragma once

typedef float lockstep_float8 __attribute__((ext_vector_type(8)));
typedef float lockstep_float16 __attribute__((ext_vector_type(16)));
typedef double lockstep_double8 __attribute__((ext_vector_type(8)));

#define LOCKSTEP_INLINE static inline __attribute__((always_inline))

/// a * b + c, rounded once.
LOCKSTEP_INLINE lockstep_float8 lockstep_fma8(lockstep_float8 a, lockstep_float8 b, lockstep_float8 c) {
  return __builtin_elementwise_fma(a, b, c);
}
LOCKSTEP_INLINE lockstep_float16 lockstep_fma16(lockstep_float16 a, lockstep_float16 b, lockstep_float16 c) {
  return __builtin_elementwise_fma(a, b, c);
}

/// The square root, correctly rounded.
LOCKSTEP_INLINE lockstep_float8 lockstep_sqrt8(lockstep_float8 a) { return __builtin_elementwise_sqrt(a); }

/// The same numbers, in Float64.
LOCKSTEP_INLINE lockstep_double8 lockstep_widen8(lockstep_float8 a) {
  return __builtin_convertvector(a, lockstep_double8);
}

/// Lanes of a and b in turn, the lower or the upper two of each half register.
LOCKSTEP_INLINE lockstep_float8 lockstep_zip_low8(lockstep_float8 a, lockstep_float8 b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
}
LOCKSTEP_INLINE lockstep_float8 lockstep_zip_high8(lockstep_float8 a, lockstep_float8 b) {
  return __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
}
/// Pairs of lanes of a and b, the lower or the upper pair of each half register.
LOCKSTEP_INLINE lockstep_float8 lockstep_zip_low_pairs8(lockstep_float8 a, lockstep_float8 b) {
  return __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
}
LOCKSTEP_INLINE lockstep_float8 lockstep_zip_high_pairs8(lockstep_float8 a, lockstep_float8 b) {
  return __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
}
/// The lower or the upper half of a, then that of b.
LOCKSTEP_INLINE lockstep_float8 lockstep_low_halves8(lockstep_float8 a, lockstep_float8 b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
}
LOCKSTEP_INLINE lockstep_float8 lockstep_high_halves8(lockstep_float8 a, lockstep_float8 b) {
  return __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
}

/// Asks for the cache line of an address, which need not be valid.
LOCKSTEP_INLINE void lockstep_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }
/// The same, no nearer than the second-level cache.
LOCKSTEP_INLINE void lockstep_prefetch_second_level(const void *address) { __builtin_prefetch(address, 0, 2); }

#undef LOCKSTEP_INLINE
