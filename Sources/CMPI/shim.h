// Swift imports functions and plain constants, but not macros that cast: in Open MPI every predefined handle is
// one. Each function here returns such a handle, whatever its type is in the MPI at hand.
#pragma once
#include <mpi.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline MPI_Comm CMPI_COMM_WORLD(void) { return MPI_COMM_WORLD; }
static inline MPI_Datatype CMPI_BYTE(void) { return MPI_BYTE; }
static inline MPI_Datatype CMPI_FLOAT(void) { return MPI_FLOAT; }
static inline MPI_Op CMPI_SUM(void) { return MPI_SUM; }
static inline MPI_Errhandler CMPI_ERRORS_RETURN(void) { return MPI_ERRORS_RETURN; }
static inline MPI_Info CMPI_INFO_NULL(void) { return MPI_INFO_NULL; }

// Words in memory that processes share: Swift's atomics live in memory of their own only.
static inline uint64_t CMPI_load_acquire(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline void CMPI_store_release(uint64_t *word, uint64_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/// A file in memory without a name in the file system, closed by exec; -1 if there can be none. glibc declares it for GNU C
/// only, and Swift imports no function of a variable number of arguments.
static inline int CMPI_memory_file(const char *name) {
#ifdef SYS_memfd_create
  return (int)syscall(SYS_memfd_create, name, 1U);
#else
  return -1;
#endif
}
