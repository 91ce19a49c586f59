/* Prints the nanoseconds of one lock and unlock of a free, robust, process-shared mutex in shared memory. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

static double now_ns(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * 1e9 + ts.tv_nsec;
}

int main(int argc, char **argv) {
  double budget_ns = (argc > 1 ? atof(argv[1]) : 1000) * 1e6;
  pthread_mutex_t *mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t attributes;
  if (mutex == MAP_FAILED || pthread_mutexattr_init(&attributes)
      || pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED)
      || pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST)
      || pthread_mutex_init(mutex, &attributes)) return 1;
  double start = now_ns(), end = start;
  long pairs = 0;
  while (end - start < budget_ns) {
    for (int i = 0; i < 100000; i++) {
      if (pthread_mutex_lock(mutex) || pthread_mutex_unlock(mutex)) return 1;
    }
    pairs += 100000;
    end = now_ns();
  }
  printf("%f\n", (end - start) / pairs);
  return 0;
}
