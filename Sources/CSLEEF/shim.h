// Elementwise functions over arrays. Swift cannot spell the vector types' names, and a whole
// vector function also serves the tail, so that an element's bits do not depend on its position.
#ifndef LOCKSTEP_CSLEEF_SHIM_H
#define LOCKSTEP_CSLEEF_SHIM_H

#include <sleef.h>
#include <string.h>

#if !defined(__AVX2__)
#error "Lockstep needs AVX2"
#endif

#include <immintrin.h>
#define LOCKSTEP_LANES 8
#define LOCKSTEP_LOAD(p) _mm256_loadu_ps(p)
#define LOCKSTEP_STORE(p, v) _mm256_storeu_ps(p, v)
#define LOCKSTEP_NAME(f) Sleef_##f##f8_u10avx2

#define LOCKSTEP_ARRAY_FUNCTION(f)                                                              \
  static inline void lockstep_##f(const float *x, float *y, long count) {                       \
    long i = 0;                                                                                 \
    for (; i + LOCKSTEP_LANES <= count; i += LOCKSTEP_LANES)                                    \
      LOCKSTEP_STORE(y + i, LOCKSTEP_NAME(f)(LOCKSTEP_LOAD(x + i)));                            \
    if (i < count) {                                                                            \
      float tail[LOCKSTEP_LANES] = {0};                                                         \
      memcpy(tail, x + i, (unsigned long)(count - i) * sizeof(float));                          \
      LOCKSTEP_STORE(tail, LOCKSTEP_NAME(f)(LOCKSTEP_LOAD(tail)));                              \
      memcpy(y + i, tail, (unsigned long)(count - i) * sizeof(float));                          \
    }                                                                                           \
  }

LOCKSTEP_ARRAY_FUNCTION(exp)
LOCKSTEP_ARRAY_FUNCTION(log)
LOCKSTEP_ARRAY_FUNCTION(log1p)
LOCKSTEP_ARRAY_FUNCTION(tanh)
LOCKSTEP_ARRAY_FUNCTION(sin)
LOCKSTEP_ARRAY_FUNCTION(cos)
LOCKSTEP_ARRAY_FUNCTION(erf)

#endif
