/* Loaded before the C library into a process that is to be forked: libuv finds no io_uring there.
 *
 * Its rings are memory that a fork shares between the copies, and no option keeps libuv from making one for each event
 * loop (io_uring_setup(2), number 425). With ENOSYS it uses epoll_ctl(2). All else goes to the kernel as it is. */
#include <errno.h>

long syscall(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  if (number == 425) {
    errno = ENOSYS;
    return -1;
  }
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  if (result < 0 && result > -4096) {
    errno = (int)-result;
    return -1;
  }
  return result;
}
