// What the processor and the kernel of the operating system offer: Swift has no way to execute CPUID or XGETBV.
#pragma once
#include <stdint.h>

struct lockstep_cpuid_result { uint32_t eax, ebx, ecx, edx; };

#if defined(__x86_64__)
#include <cpuid.h>

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
#endif

/// Tells the processor that a loop waits for another core.
static inline void lockstep_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
