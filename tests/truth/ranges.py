# SPDX-License-Identifier: MIT
"""Sets of boundaries as lists of [first, last], both inclusive."""


def of(indices):
    found = []
    for index in sorted(set(indices)):
        if found and index == found[-1][1] + 1:
            found[-1][1] = index
        else:
            found.append([index, index])
    return found


def members(ranges):
    return {index for first, last in ranges for index in range(first, last + 1)}


def text(ranges):
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
