// What the processor and the kernel of the operating system offer: Swift has no way to execute CPUID or XGETBV.
#pragma once
#if !defined(__x86_64__)
#error "Lockstep needs x86-64"
#endif

#include <cpuid.h>
#include <stdint.h>

struct lockstep_cpuid_result { uint32_t eax, ebx, ecx, edx; };

static inline struct lockstep_cpuid_result lockstep_cpuid(uint32_t leaf, uint32_t subleaf) {
  struct lockstep_cpuid_result result = {0, 0, 0, 0};
  __get_cpuid_count(leaf, subleaf, &result.eax, &result.ebx, &result.ecx, &result.edx);
  return result;
}

/// The register states that the operating system saves. Only where CPUID reports OSXSAVE.
static inline uint64_t lockstep_xgetbv(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

/// How the calling thread rounds, and what it does with subnormal numbers.
static inline uint64_t lockstep_float_control(void) { return __builtin_ia32_stmxcsr(); }

static inline void lockstep_set_float_control(uint64_t control) { __builtin_ia32_ldmxcsr((uint32_t)control); }

/// What has subnormal operands and results taken for zero: FTZ and DAZ.
static inline uint64_t lockstep_float_control_flushing(void) { return 0x8040; }

/// Tells the processor that a loop waits for another core.
static inline void lockstep_pause(void) { __builtin_ia32_pause(); }
