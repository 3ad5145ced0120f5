# SPDX-License-Identifier: MIT
"""psycopg2: a connection that is refused, with a password, which it is careful not to keep."""
import psycopg2


def once():
    try:
        psycopg2.connect("host=/nonexistent dbname=a user=b password=c")
    except psycopg2.OperationalError:
        return "refused"


def work():
    try:
        return once()
    except KeyboardInterrupt:
        pass
    return once()


def end():
    pass


once()
expected = once()
got = work()
end()
assert got == expected, got
