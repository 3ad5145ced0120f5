# SPDX-License-Identifier: MIT
"""lxml calls back into Python: a file-like object, a parser target, a function for XPath."""
from lxml import etree


class Source:
    def __init__(self):
        self.left = [b"<a><b/>", b"<b/></a>", b""]

    def read(self, size):
        text = self.left.pop(0)
        return text


class Target:
    def __init__(self):
        self.tags = []

    def start(self, tag, attributes):
        self.tags.append(tag)

    def end(self, tag):
        self.tags.append(tag)

    def close(self):
        tags = self.tags
        return tags


def double(context, value):
    twice = value * 2
    return twice


functions = etree.FunctionNamespace("urn:sigsweep")
functions["double"] = double


def once():
    root = etree.parse(Source()).getroot()
    tags = etree.fromstring("<a><b/></a>", etree.XMLParser(target=Target()))
    return len(root), tags, root.xpath("s:double(2)", namespaces={"s": "urn:sigsweep"})


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
