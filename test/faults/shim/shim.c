/*
 * Preloaded into a worker process: numbers its file-system calls under given directories, writes them down, and
 * makes one of them go wrong.
 *
 *   TUFLINE_SHIM_ROOTS  directories, separated by colons; calls elsewhere are not counted
 *   TUFLINE_SHIM_FAULT  kill-before:N | kill-after:N | torn:N | stop:N | error:N:ERRNO:COUNT | unknown:N:ERRNO:COUNT
 *                       stop freezes the process before call N until somebody wakes it up;
 *                       torn writes the first half, then kills; error fails calls N to N+COUNT-1 without performing
 *                       them; unknown performs them and reports failure all the same, as a lost answer does
 *   TUFLINE_SHIM_LOG    file to append one line a call to: number, name, result, descriptor, path, second path,
 *                       offset, and where the bytes of a write begin in <log>.data
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_FD 4096
enum fault { NONE, KILL_BEFORE, KILL_AFTER, STOP, TORN, ERROR, UNKNOWN };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char *paths[MAX_FD];
static const char *roots;
static enum fault fault = NONE;
static long fault_at = -1, fault_count = 1, number = 0;
static int fault_errno = 0, log_fd = -1, data_fd = -1;

static long raw(long call, long a, long b, long c, long d, long e, long f);
#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void) {
  roots = getenv("TUFLINE_SHIM_ROOTS");
  const char *log = getenv("TUFLINE_SHIM_LOG");
  const char *spec = getenv("TUFLINE_SHIM_FAULT");
  if (log) {
    char data[4096];
    snprintf(data, sizeof data, "%s.data", log);
    log_fd = raw(SYS_openat, AT_FDCWD, (long)log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644, 0, 0);
    data_fd = raw(SYS_openat, AT_FDCWD, (long)data, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644, 0, 0);
  }
  if (!spec) return;
  if (!strncmp(spec, "kill-before:", 12)) fault = KILL_BEFORE;
  else if (!strncmp(spec, "kill-after:", 11)) fault = KILL_AFTER;
  else if (!strncmp(spec, "stop:", 5)) fault = STOP;
  else if (!strncmp(spec, "torn:", 5)) fault = TORN;
  else if (!strncmp(spec, "error:", 6)) fault = ERROR;
  else if (!strncmp(spec, "unknown:", 8)) fault = UNKNOWN;
  else abort();
  sscanf(strchr(spec, ':') + 1, "%ld:%d:%ld", &fault_at, &fault_errno, &fault_count);
}

/* The C library's syscall() is one of the functions replaced below. */
static long raw(long call, long a, long b, long c, long d, long e, long f) {
  static long (*real)(long, ...);
  if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  return real(call, a, b, c, d, e, f);
}

static int is_inside(const char *path) {
  if (!roots || !path) return 0;
  for (const char *root = roots; *root;) {
    size_t length = strcspn(root, ":");
    if (length > 0 && !strncmp(path, root, length) && (path[length] == '/' || path[length] == '\0')) return 1;
    root += length + (root[length] == ':');
  }
  return 0;
}

static const char *path_of(int fd) { return fd >= 0 && fd < MAX_FD ? paths[fd] : NULL; }

static void follow(int fd, const char *path) {
  if (fd < 0 || fd >= MAX_FD) return;
  free(paths[fd]);
  paths[fd] = path ? strdup(path) : NULL;
}

static void die(void) {
  raw(SYS_kill, getpid(), SIGKILL, 0, 0, 0, 0);
  for (;;) raw(SYS_pause, 0, 0, 0, 0, 0, 0);
}

static void put(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    long done = raw(SYS_write, fd, (long)bytes, length, 0, 0, 0);
    if (done <= 0) return;
    bytes += done;
    length -= done;
  }
}

static void note(const char *name, long result, int fd, const char *path, const char *second, long offset, long data) {
  if (log_fd < 0) return;
  char line[9000];
  int length = snprintf(line, sizeof line, "%ld\t%s\t%ld\t%d\t%s\t%s\t%ld\t%ld\n", number, name, result, fd,
                        path ? path : "", second ? second : "", offset, data);
  put(log_fd, line, length);
}

/* What surrounds each call. Returns 1 where the call is to fail without being performed. */
static int enter(void) {
  pthread_mutex_lock(&mutex);
  number++;
  if (fault == KILL_BEFORE && number == fault_at) die();
  if (fault == STOP && number == fault_at) raw(SYS_kill, getpid(), SIGSTOP, 0, 0, 0, 0);
  if (fault == ERROR && number >= fault_at && number < fault_at + fault_count) return 1;
  return 0;
}

static long leave(const char *name, long result, int saved, int fd, const char *path, const char *second, long offset,
                  long data) {
  note(name, result < 0 ? -saved : result, fd, path, second, offset, data);
  if ((fault == KILL_AFTER || fault == TORN) && number == fault_at) die();
  if (fault == UNKNOWN && number >= fault_at && number < fault_at + fault_count && result >= 0) {
    result = -1;
    saved = fault_errno;
  }
  pthread_mutex_unlock(&mutex);
  errno = saved;
  return result;
}

#define GUARDED(name, fd, path, second, call) \
  do { \
    if (enter()) return leave(name, -1, fault_errno, fd, path, second, -1, -1); \
    long result_ = (call); \
    return leave(name, result_, errno, fd, path, second, -1, -1); \
  } while (0)

static int opened(const char *name, const char *path, long (*perform)(const char *, int, int), int flags, int mode) {
  const char *shown = flags & O_CREAT ? "create" : name;
  if (enter()) return leave(shown, -1, fault_errno, -1, path, NULL, -1, -1);
  long fd = perform(path, flags, mode);
  int saved = errno;
  if (fd >= 0) follow(fd, path);
  long result = leave(shown, fd, saved, fd, path, NULL, flags, -1);
  /* An open whose answer is lost leaves no descriptor. */
  if (result < 0 && fd >= 0) {
    follow(fd, NULL);
    raw(SYS_close, fd, 0, 0, 0, 0, 0);
    errno = fault_errno;
  }
  return result;
}

static long plain_open(const char *path, int flags, int mode) {
  return raw(SYS_openat, AT_FDCWD, (long)path, flags, mode, 0, 0);
}

#define OPEN(function) \
  int function(const char *path, int flags, ...) { \
    va_list rest; \
    va_start(rest, flags); \
    int mode = va_arg(rest, int); \
    va_end(rest); \
    if (!is_inside(path)) return plain_open(path, flags, mode); \
    return opened("open", path, plain_open, flags, mode); \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  const char *path = path_of(fd);
  if (!path) return raw(SYS_close, fd, 0, 0, 0, 0, 0);
  int fails = enter();
  char *kept = strdup(path);
  follow(fd, NULL);
  /* The descriptor is gone whatever close says. */
  int result = raw(SYS_close, fd, 0, 0, 0, 0, 0), saved = errno;
  if (fails) {
    result = -1;
    saved = fault_errno;
  }
  result = leave("close", result, saved, fd, kept, NULL, -1, -1);
  saved = errno;
  free(kept);
  errno = saved;
  return result;
}

static ssize_t written(int fd, const char *bytes, size_t length, long offset) {
  if (enter()) return leave("write", -1, fault_errno, fd, path_of(fd), NULL, -1, -1);
  if (fault == TORN && number == fault_at) length /= 2;
  long at = offset >= 0 ? offset : raw(SYS_lseek, fd, 0, SEEK_CUR, 0, 0, 0);
  long done = offset >= 0 ? raw(SYS_pwrite64, fd, (long)bytes, length, offset, 0, 0)
                          : raw(SYS_write, fd, (long)bytes, length, 0, 0, 0);
  int saved = errno;
  long data = -1;
  if (done > 0 && data_fd >= 0) {
    put(data_fd, bytes, done);
    data = raw(SYS_lseek, data_fd, 0, SEEK_CUR, 0, 0, 0) - done;
  }
  return leave("write", done, saved, fd, path_of(fd), NULL, at, data);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  if (!path_of(fd)) return raw(SYS_write, fd, (long)bytes, length, 0, 0, 0);
  return written(fd, bytes, length, -1);
}

#define PWRITE(function) \
  ssize_t function(int fd, const void *bytes, size_t length, off_t offset) { \
    if (!path_of(fd)) return raw(SYS_pwrite64, fd, (long)bytes, length, offset, 0, 0); \
    return written(fd, bytes, length, offset); \
  }
PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t writev(int fd, const struct iovec *pieces, int count) {
  if (!path_of(fd)) return raw(SYS_writev, fd, (long)pieces, count, 0, 0, 0);
  /* A short write is continued by the caller. */
  return written(fd, pieces[0].iov_base, pieces[0].iov_len, -1);
}

ssize_t read(int fd, void *bytes, size_t length) {
  if (!path_of(fd)) return raw(SYS_read, fd, (long)bytes, length, 0, 0, 0);
  GUARDED("read", fd, path_of(fd), NULL, raw(SYS_read, fd, (long)bytes, length, 0, 0, 0));
}

#define PREAD(function) \
  ssize_t function(int fd, void *bytes, size_t length, off_t offset) { \
    if (!path_of(fd)) return raw(SYS_pread64, fd, (long)bytes, length, offset, 0, 0); \
    GUARDED("read", fd, path_of(fd), NULL, raw(SYS_pread64, fd, (long)bytes, length, offset, 0, 0)); \
  }
PREAD(pread)
PREAD(pread64)

#define ON_FD(function) \
  int function(int fd) { \
    REAL(function); \
    if (!path_of(fd)) return real(fd); \
    GUARDED(#function, fd, path_of(fd), NULL, real(fd)); \
  }
ON_FD(fsync)
ON_FD(fdatasync)

#define ON_PATH(function) \
  int function(const char *path) { \
    REAL(function); \
    if (!is_inside(path)) return real(path); \
    GUARDED(#function, -1, path, NULL, real(path)); \
  }
ON_PATH(unlink)
ON_PATH(rmdir)

#define ON_PATHS(function) \
  int function(const char *from, const char *to) { \
    REAL(function); \
    if (!is_inside(from) && !is_inside(to)) return real(from, to); \
    GUARDED(#function, -1, from, to, real(from, to)); \
  }
ON_PATHS(rename)
ON_PATHS(link)
ON_PATHS(symlink)

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  if (!is_inside(path)) return real(path, mode);
  GUARDED("mkdir", -1, path, NULL, real(path, mode));
}

int access(const char *path, int mode) {
  REAL(access);
  if (!is_inside(path)) return real(path, mode);
  GUARDED("access", -1, path, NULL, real(path, mode));
}

#define SCANDIR(function, entry) \
  int function(const char *path, struct entry ***list, int (*filter)(const struct entry *), \
               int (*compare)(const struct entry **, const struct entry **)) { \
    REAL(function); \
    if (!is_inside(path)) return real(path, list, filter, compare); \
    GUARDED("scandir", -1, path, NULL, real(path, list, filter, compare)); \
  }
SCANDIR(scandir, dirent)
SCANDIR(scandir64, dirent64)

DIR *opendir(const char *path) {
  REAL(opendir);
  if (!is_inside(path)) return real(path);
  if (enter()) {
    leave("opendir", -1, fault_errno, -1, path, NULL, -1, -1);
    return NULL;
  }
  DIR *directory = real(path);
  int saved = errno;
  long result = leave("opendir", directory ? 0 : -1, saved, -1, path, NULL, -1, -1);
  if (result < 0 && directory) {
    saved = errno;
    closedir(directory);
    errno = saved;
    return NULL;
  }
  return directory;
}

/* libuv asks for file attributes and closes by number. */
long syscall(long call, ...) {
  long a[6];
  va_list rest;
  va_start(rest, call);
  for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
  va_end(rest);
  if (call == SYS_close) return close((int)a[0]);
  if (call == SYS_statx) {
    const char *path = (const char *)a[1];
    int on_fd = path && !*path && path_of((int)a[0]) != NULL;
    if (on_fd || is_inside(path)) {
      GUARDED("stat", on_fd ? (int)a[0] : -1, on_fd ? path_of((int)a[0]) : path, NULL,
              raw(call, a[0], a[1], a[2], a[3], a[4], a[5]));
    }
  }
  return raw(call, a[0], a[1], a[2], a[3], a[4], a[5]);
}

#if defined(SYS_statx)
int statx(int dirfd, const char *restrict path, int flags, unsigned int mask, struct statx *restrict out) {
  return (int)syscall(SYS_statx, dirfd, path, flags, mask, out, 0);
}
#endif
