# SPDX-License-Identifier: MIT
"""lxml parses thirty megabytes: no signal is looked for meanwhile."""
from lxml import etree

document = b"<a>" + b"<b x='1'>text</b>" * 1800000 + b"</a>"


def work():
    return etree.fromstring(document)


def end():
    pass


work()
end()
