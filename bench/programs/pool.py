"""Pool of Python's multiprocessing, two workers: pool.py one|at_once|map BUDGET_MS WARM_UP TASKS."""

import multiprocessing
import sys
import time


def add_one(n):
    return n + 1


def one(pool, budget, warm_up):
    for i in range(warm_up):
        pool.apply(add_one, (i,))
    count = 0
    start = now = time.perf_counter()
    while now - start < budget / 1000:
        pool.apply(add_one, (count,))
        count += 1
        now = time.perf_counter()
    return (now - start) * 1e6 / count


def batch(pool, kind, count):
    if kind == "map":
        results = pool.map(add_one, range(count))
    else:
        results = [handle.get() for handle in [pool.apply_async(add_one, (i,)) for i in range(count)]]
    assert results[-1] == count


def main(kind, budget, warm_up, tasks):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        if kind == "one":
            figure = one(pool, budget, warm_up)
        else:
            batch(pool, kind, -(-tasks // 10))
            start = time.perf_counter()
            batch(pool, kind, tasks)
            figure = tasks / (time.perf_counter() - start)
    print(figure)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
