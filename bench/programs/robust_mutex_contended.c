/* Prints how often a second two processes take a robust, process-shared mutex that both want all the time. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct shared {
  pthread_mutex_t mutex;
  pthread_barrier_t barrier;
  volatile long number;
  long pairs[2];
};

static double now_ns(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static void hammer(struct shared *shared, int who, double budget_ns) {
  pthread_barrier_wait(&shared->barrier);
  double end = now_ns() + budget_ns;
  while (now_ns() < end) {
    for (int i = 0; i < 100; i++) {
      pthread_mutex_lock(&shared->mutex);
      shared->number++;
      pthread_mutex_unlock(&shared->mutex);
    }
    shared->pairs[who] += 100;
  }
}

int main(int argc, char **argv) {
  double budget = argc > 1 ? atof(argv[1]) : 1000;
  struct shared *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t attributes;
  pthread_barrierattr_t barrier;
  if (shared == MAP_FAILED || pthread_mutexattr_init(&attributes)
      || pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED)
      || pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST)
      || pthread_mutex_init(&shared->mutex, &attributes)
      || pthread_barrierattr_init(&barrier)
      || pthread_barrierattr_setpshared(&barrier, PTHREAD_PROCESS_SHARED)
      || pthread_barrier_init(&shared->barrier, &barrier, 2)) return 1;
  pid_t child = fork();
  if (child < 0) return 1;
  hammer(shared, child == 0, budget * 1e6);
  if (child == 0) _exit(0);
  int status;
  if (waitpid(child, &status, 0) != child || status != 0) return 1;
  long pairs = shared->pairs[0] + shared->pairs[1];
  if (shared->number != pairs) return 1;
  printf("%f\n", pairs * 1000 / budget);
  return 0;
}
