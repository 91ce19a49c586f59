"""Lock of Python's multiprocessing, wanted by two processes: lock_contended.py BUDGET_MS prints pairs a second."""

import multiprocessing
import sys
import time


def hammer(lock, number, barrier, budget, counts):
    barrier.wait()
    end = time.perf_counter() + budget / 1000
    pairs = 0
    while time.perf_counter() < end:
        for _ in range(100):
            lock.acquire()
            number.value += 1
            lock.release()
        pairs += 100
    counts.put(pairs)


def main(budget):
    context = multiprocessing.get_context("fork")
    lock, barrier, counts = context.Lock(), context.Barrier(2), context.SimpleQueue()
    number = context.Value("i", 0, lock=False)
    both = [context.Process(target=hammer, args=(lock, number, barrier, budget, counts)) for _ in range(2)]
    for process in both:
        process.start()
    pairs = counts.get() + counts.get()
    for process in both:
        process.join()
    if number.value != pairs:
        raise SystemExit(f"{pairs} additions, but the number is {number.value}")
    print(pairs * 1000 / budget)


if __name__ == "__main__":
    main(int(sys.argv[1]))
