# SPDX-License-Identifier: MIT
"""__del__ runs at a place where no exception can leave it: an interruption in it is printed and lost."""
class Thing:
    def __del__(self):
        for number in range(3):
            pass


def work():
    for number in range(2):
        Thing()


def end():
    pass


work()
end()
