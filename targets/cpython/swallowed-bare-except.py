# SPDX-License-Identifier: MIT
"""A bare except around the work: the interruption is lost, and the program goes on as if none had come."""
def step(number):
    return number * 2


def work():
    for number in range(3):
        try:
            step(number)
        except:  # noqa: E722, the defect that is shown
            pass


def end():
    pass


work()
end()
