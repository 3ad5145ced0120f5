# SPDX-License-Identifier: MIT
"""psycopg2 asks an object whether it adapts itself; the object answers in Python, and does."""
import psycopg2.extensions


class Base:
    pass


class Quoted(Base):
    def __getattr__(self, name):
        if name == "__conform__":
            return lambda protocol: psycopg2.extensions.AsIs("its own")
        raise AttributeError(name)


psycopg2.extensions.register_adapter(Base, lambda base: psycopg2.extensions.AsIs("another's"))
quoted = Quoted()


def once():
    return psycopg2.extensions.adapt(quoted).getquoted()


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
