# SPDX-License-Identifier: MIT
"""queue: put, get and task_done of a Queue, and of one with an order."""
import queue

line = queue.Queue(4)
order = queue.PriorityQueue()


def once():
    line.put(1)
    order.put(2, timeout=1)
    line.get()
    line.task_done()
    return order.get_nowait()


def work():
    try:
        return once()
    except KeyboardInterrupt:
        pass


def end():
    pass


once()
once()
work()
end()
