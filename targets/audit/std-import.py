# SPDX-License-Identifier: MIT
"""The import of a small module."""


def work():
    try:
        import colorsys  # noqa: F401
    except KeyboardInterrupt:
        pass


def end():
    pass


work()
end()
