"""Pipe and Queue of Python's multiprocessing: messages.py KIND BUDGET_MS WARM_UP MESSAGES prints one figure."""

import multiprocessing
import sys
import time

SMALL_OBJECT = {"id": 1, "kind": "task", "name": "resize", "width": 640, "height": 480, "tags": ["a", "b"], "done": False}


def echo(connection):
    while True:
        message = connection.recv()
        if message is None:
            return
        connection.send(message)


def echo_bytes(connection):
    while True:
        message = connection.recv_bytes()
        if message == b"":
            return
        connection.send_bytes(message)


def flood_pipe(connection):
    while True:
        count = connection.recv()
        if count is None:
            return
        for _ in range(count):
            connection.send(SMALL_OBJECT)


def flood_queue(connection, queue):
    while True:
        count = connection.recv()
        if count is None:
            return
        for _ in range(count):
            queue.put(SMALL_OBJECT)


def round_trips(send, recv, message, budget, warm_up):
    for _ in range(warm_up):
        send(message)
        recv()
    count = 0
    start = now = time.perf_counter()
    while now - start < budget:
        send(message)
        recv()
        count += 1
        now = time.perf_counter()
    return (now - start) * 1e6 / count


def rate(ask, recv, messages):
    for count in (-(-messages // 10), messages):
        start = time.perf_counter()
        ask(count)
        for _ in range(count):
            recv()
        elapsed = time.perf_counter() - start
    return messages / elapsed


def main(kind, budget, warm_up, messages):
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    stop = None
    if kind == "round_trip":
        process = context.Process(target=echo, args=(theirs,))
    elif kind == "buffer":
        process = context.Process(target=echo_bytes, args=(theirs,))
    elif kind == "pipe":
        process = context.Process(target=flood_pipe, args=(theirs,))
    else:
        queue = context.Queue()
        process = context.Process(target=flood_queue, args=(theirs, queue))
    process.start()
    if kind == "round_trip":
        figure = round_trips(ours.send, ours.recv, SMALL_OBJECT, budget / 1000, warm_up)
    elif kind == "buffer":
        figure = round_trips(ours.send_bytes, ours.recv_bytes, bytes(2**20), budget / 1000, warm_up)
    elif kind == "pipe":
        figure = rate(ours.send, ours.recv, messages)
    else:
        figure = rate(ours.send, queue.get, messages)
    if kind == "buffer":
        ours.send_bytes(b"")
    else:
        ours.send(stop)
    process.join()
    print(figure)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
