# SPDX-License-Identifier: MIT
"""lxml parses a short document, changes it, asks it by XPath, and writes it."""
from lxml import etree


def once():
    root = etree.fromstring("<a><b x='1'>t</b><b/></a>")
    for node in root.iter("b"):
        node.set("y", "2")
    return etree.tostring(root), len(root.xpath("//b[@y]"))


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
