"""Lock of Python's multiprocessing, free: lock.py BUDGET_MS prints nanoseconds of one acquire and release."""

import multiprocessing
import sys
import time


def main(budget):
    lock = multiprocessing.Lock()
    acquire, release = lock.acquire, lock.release
    pairs = 0
    start = now = time.perf_counter()
    while now - start < budget / 1000:
        for _ in range(10_000):
            acquire()
            release()
        pairs += 10_000
        now = time.perf_counter()
    print((now - start) * 1e9 / pairs)


if __name__ == "__main__":
    main(int(sys.argv[1]))
