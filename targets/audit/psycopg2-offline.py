# SPDX-License-Identifier: MIT
"""psycopg2 without a server: quoting, connection strings, and a connection that is refused."""
import psycopg2
import psycopg2.extensions


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y


def adapt_point(point):
    text = "(%d,%d)" % (point.x, point.y)
    return psycopg2.extensions.AsIs(text)


psycopg2.extensions.register_adapter(Point, adapt_point)
cast = psycopg2.extensions.new_type((1,), "SIGSWEEP", lambda value, cursor: int(value) + 1)


def once():
    parts = [psycopg2.extensions.adapt(value).getquoted()
             for value in ("it's", b"\0", [1, None], Point(1, 2))]
    parts.append(psycopg2.extensions.parse_dsn("dbname=a user=b")["user"])
    parts.append(cast("3", None))
    try:
        psycopg2.connect("host=/nonexistent dbname=a user=b")
    except psycopg2.OperationalError:
        parts.append("refused")
    return parts


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
