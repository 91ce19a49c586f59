"""Process of Python's multiprocessing, from its start until its result is there: start.py METHOD BUDGET_MS."""

import multiprocessing
import statistics
import sys
import time


def answer(connection, n):
    connection.send(n * 2)


def main(method, budget):
    context = multiprocessing.get_context(method)
    times = []
    deadline = time.perf_counter() + budget / 1000
    while time.perf_counter() < deadline or len(times) < 3:
        start = time.perf_counter()
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=answer, args=(theirs, 21))
        process.start()
        theirs.close()
        ours.recv()
        times.append((time.perf_counter() - start) * 1000)
        process.join()
    print(statistics.median(times))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
