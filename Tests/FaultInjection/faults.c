// Makes a program's calls to the operating system fail, or kills it in their place, at a counted point:
//
//     cc -shared -fPIC -O1 -o faults.so faults.c
//     LD_PRELOAD=./faults.so FAULTS_IN=/checkpoints FAULTS=EIO@7-9,kill@12 FAULTS_LOG=points program …
//
// A point is one call that changes a file, a folder or what of them is durable, on a path that contains FAULTS_IN (and not
// FAULTS_NOT_IN). Points are counted over all threads, from 1. `kill` ends the process in place of the call, as SIGKILL
// does between two calls; an error's name makes the call fail without effect, save for close, which closes all the same.
// FAULTS_LOG gets a line for each point: number, call, path. FAULTS_FREE has every disk say that it has room. With
// FAULTS_NFS locks are those of NFS, which refuses an exclusive one of a file that is open to be read.
//
// strace can do the same with `inject=…:when=N`, but counts each call of each thread apart: what the training thread does
// to its log would hide the calls of the thread that saves.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long point_count;

static const struct { const char *name; int code; } error_names[] = {
  {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS}, {"EACCES", EACCES},
};

/// The error that FAULTS holds for a point, 0 for none, -1 for kill.
static int verdict(long point) {
  const char *rule = getenv("FAULTS");
  while (rule && *rule) {
    char name[16] = "";
    long first = 0, last = 0;
    int length = 0;
    if (sscanf(rule, "%15[A-Za-z]@%ld%n", name, &first, &length) == 2) {
      last = first;
      if (rule[length] == '-') last = rule[length + 1] >= '0' && rule[length + 1] <= '9' ? atol(rule + length + 1) : point;
      if (point >= first && point <= last) {
        if (strcmp(name, "kill") == 0) return -1;
        for (size_t i = 0; i < sizeof error_names / sizeof *error_names; i++)
          if (strcmp(name, error_names[i].name) == 0) return error_names[i].code;
      }
    }
    rule = strchr(rule, ',');
    if (rule) rule++;
  }
  return 0;
}

/// Counts a call on `path`. Returns the error that it is to fail with, or 0.
static int at(const char *call, const char *path) {
  const char *in = getenv("FAULTS_IN"), *not_in = getenv("FAULTS_NOT_IN");
  if (!in || !strstr(path, in) || (not_in && strstr(path, not_in))) return 0;
  long point = atomic_fetch_add(&point_count, 1) + 1;
  const char *log = getenv("FAULTS_LOG");
  if (log) {
    char line[4400];
    int length = snprintf(line, sizeof line, "%ld %s %s\n", point, call, path);
    int file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file >= 0) {
      syscall(SYS_write, file, line, length);
      syscall(SYS_close, file);
    }
  }
  int code = verdict(point);
  if (code < 0) syscall(SYS_kill, getpid(), SIGKILL);
  return code > 0 ? code : 0;
}

static int at_name(const char *call, int folder, const char *name) {
  char path[4200], link[64];
  ssize_t length = 0;
  if (name[0] != '/' && folder != AT_FDCWD) {
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    length = readlink(link, path, 2000);
    if (length < 0) return 0;
    path[length++] = '/';
  }
  snprintf(path + length, 2100, "%s", name);
  return at(call, path);
}

static int at_file(const char *call, int file) {
  char path[4200], link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return at(call, path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_IF(code) do { int failing = (code); if (failing) { errno = failing; return -1; } } while (0)

#define ON_FILE(type, name, parameters, file, ...) \
  type name parameters { FAIL_IF(at_file(#name, file)); return REAL(name)(__VA_ARGS__); }
#define ON_NAME(name, parameters, folder, path, ...) \
  int name parameters { FAIL_IF(at_name(#name, folder, path)); return REAL(name)(__VA_ARGS__); }

ON_FILE(ssize_t, write, (int file, const void *bytes, size_t count), file, file, bytes, count)
ON_FILE(ssize_t, pwrite, (int file, const void *bytes, size_t count, off_t offset), file, file, bytes, count, offset)
ON_FILE(ssize_t, pwrite64, (int file, const void *bytes, size_t count, off64_t offset), file, file, bytes, count, offset)
ON_FILE(int, fsync, (int file), file, file)
ON_FILE(int, fdatasync, (int file), file, file)
ON_FILE(int, ftruncate, (int file, off_t size), file, file, size)
ON_FILE(int, ftruncate64, (int file, off64_t size), file, file, size)
ON_NAME(rename, (const char *from, const char *to), AT_FDCWD, from, from, to)
ON_NAME(renameat, (int a, const char *from, int b, const char *to), a, from, a, from, b, to)
ON_NAME(renameat2, (int a, const char *from, int b, const char *to, unsigned f), a, from, a, from, b, to, f)
ON_NAME(unlink, (const char *path), AT_FDCWD, path, path)
ON_NAME(unlinkat, (int folder, const char *path, int flags), folder, path, folder, path, flags)
ON_NAME(rmdir, (const char *path), AT_FDCWD, path, path)
ON_NAME(mkdir, (const char *path, mode_t mode), AT_FDCWD, path, path, mode)
ON_NAME(mkdirat, (int folder, const char *path, mode_t mode), folder, path, folder, path, mode)
ON_NAME(link, (const char *from, const char *to), AT_FDCWD, from, from, to)
ON_NAME(linkat, (int a, const char *from, int b, const char *to, int flags), a, from, a, from, b, to, flags)
ON_NAME(symlink, (const char *text, const char *path), AT_FDCWD, path, text, path)
ON_NAME(truncate, (const char *path, off_t size), AT_FDCWD, path, path, size)

int flock(int file, int operation) {
  int isReader = (fcntl(file, F_GETFL) & O_ACCMODE) == O_RDONLY;
  FAIL_IF(getenv("FAULTS_NFS") && isReader && (operation & LOCK_EX) ? EBADF : 0);
  return REAL(flock)(file, operation);
}

int statvfs(const char *path, struct statvfs *status) {
  int result = REAL(statvfs)(path, status);
  if (result == 0 && getenv("FAULTS_FREE")) status->f_bavail = 1ull << 40;
  return result;
}

// Only files that were open for writing: that is where a close can fail.
int close(int file) {
  int flags = fcntl(file, F_GETFL);
  int failure = flags >= 0 && (flags & O_ACCMODE) != O_RDONLY ? at_file("close", file) : 0;
  int result = REAL(close)(file);
  FAIL_IF(failure);
  return result;
}

#define OPENING(name, parameters, folder, path, ...) \
  int name parameters { \
    mode_t mode = 0; \
    if (flags & O_CREAT) { \
      va_list rest; \
      va_start(rest, flags); \
      mode = va_arg(rest, mode_t); \
      va_end(rest); \
      FAIL_IF(at_name("create", folder, path)); \
    } \
    return REAL(name)(__VA_ARGS__, mode); \
  }

OPENING(open, (const char *path, int flags, ...), AT_FDCWD, path, path, flags)
OPENING(open64, (const char *path, int flags, ...), AT_FDCWD, path, path, flags)
OPENING(openat, (int folder, const char *path, int flags, ...), folder, path, folder, path, flags)
OPENING(openat64, (int folder, const char *path, int flags, ...), folder, path, folder, path, flags)
