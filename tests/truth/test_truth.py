#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tests of the ground truth's own parts: a truth that cannot be wrong in public is no truth.

Needs neither the harness nor the stepper. Run it with python3.
"""
import unittest

import compare
import disassembly
import ranges
import rules
import truth


def access(text, **registers):
    values = dict.fromkeys(disassembly.REGISTERS, 0)
    values.update(registers)
    return disassembly.accesses(disassembly.Instruction(text), values, 0x1000)


class Accesses(unittest.TestCase):
    def test_loads(self):
        self.assertEqual(access("mov    0x8(%rsi),%edi", rsi=0x100), [(0x108, 4, True, False)])
        self.assertEqual(access("cmpl   $0x0,-0x4(%rbp)", rbp=0x100), [(0xfc, 4, True, False)])
        self.assertEqual(access("movzbl (%rax,%rbx,4),%ecx", rax=1, rbx=2), [(9, 1, True, False)])
        self.assertEqual(access("call   *0x78(%rbp)"), [(0x78, 8, True, False)])
        self.assertEqual(access("mov    %fs:0x10,%rax", fs_base=0x40), [(0x50, 8, True, False)])

    def test_stores(self):
        self.assertEqual(access("mov    %rax,0x28(%rbx)"), [(0x28, 8, False, True)])
        self.assertEqual(access("movl   $0x0,0x2e4a(%rip)        # 4014 <flag>"),
                         [(0x5014, 4, False, True)])
        self.assertEqual(access("movups %xmm0,0x20(%rbx)"), [(0x20, 16, False, True)])
        self.assertEqual(access("movq   %xmm0,0x20(%rbx)"), [(0x20, 8, False, True)])
        self.assertEqual(access("movb   $0x1,(%rbx)"), [(0, 1, False, True)])
        self.assertEqual(access("rep stos %rax,%es:(%rdi)", rdi=0x30), [(0x30, 8, False, True)])

    def test_both(self):
        self.assertEqual(access("lock cmpxchg %edx,(%rdi)", rdi=8), [(8, 4, True, True)])
        self.assertEqual(access("xchg   %eax,(%rdi)", rdi=8), [(8, 4, True, True)])
        self.assertEqual(access("xchg   (%rdi),%eax", rdi=8), [(8, 4, True, True)])
        self.assertEqual(access("subw   $0x1,(%rdi,%rcx,2)", rdi=8, rcx=1), [(10, 2, True, True)])

    def test_none(self):
        for text in ("lea    0x8(%rsi),%rdi", "nopw   0x0(%rax,%rax,1)", "mov    $0x5,%edx", "ret",
                     "cs nopw 0x0(%rax,%rax,1)", "jmp    401000 <main>", "syscall"):
            self.assertEqual(access(text), [], text)


class Ranges(unittest.TestCase):
    def test_both_ways(self):
        self.assertEqual(ranges.of({5, 1, 2, 3, 7}), [[1, 3], [5, 5], [7, 7]])
        self.assertEqual(ranges.of([]), [])
        self.assertEqual(ranges.members([[1, 3], [5, 5]]), {1, 2, 3, 5})
        self.assertEqual(ranges.text([[1, 3], [5, 5]]), "1-3, 5")

    def test_between_instructions(self):
        self.assertEqual(rules.after_to(3, 5), {4, 5})


class Judge(unittest.TestCase):
    BASELINE = ("exit", "0", "a", "b")

    def judge(self, *end):
        return truth.judge(end, self.BASELINE, 2)

    def test_ends(self):
        self.assertEqual(self.judge("exit", "0", "a", "b"), ("same", None))
        self.assertEqual(self.judge("exit", "0", "a", "c"), ("exit:0", "output"))
        self.assertEqual(self.judge("exit", "130", "x", "b"), ("exit:130", None))
        self.assertEqual(self.judge("exit", "1", "a", "b"), ("exit:1", "exit-status"))
        self.assertEqual(self.judge("signal", "2", "a", "b"), ("signal:SIGINT", None))
        self.assertEqual(self.judge("signal", "6", "a", "b"), ("signal:SIGABRT", "crash"))
        self.assertEqual(self.judge("asleep", "0", "a", "b"), ("stuck", "stuck"))
        self.assertEqual(self.judge("spinning", "0", "a", "b"), ("spinning", "spinning"))


class Compare(unittest.TestCase):
    def report(self, *findings, boundary="instruction"):
        return {"scenario": {"boundary": boundary}, "boundaries": {"eligible": 20},
                "findings": [{"oracle": "end", "kind": kind, "boundaries": found}
                             for kind, found in findings]}

    def compare(self, report, expected=(4, 5, 6), count=20):
        return compare.compare(report, {("end", "stuck")}, set(expected), count)

    def test_exact(self):
        self.assertEqual(self.compare(self.report(("stuck", [[4, 4]]), ("stuck", [[5, 6]]))), [])

    def test_different(self):
        self.assertEqual(self.compare(self.report(("stuck", [[4, 5]]))), ["missed: 6"])
        self.assertEqual(self.compare(self.report(("stuck", [[3, 7]]))), ["extra: 3, 7"])
        self.assertEqual(self.compare(self.report()), ["missed: 4-6"])
        self.assertEqual(self.compare(self.report(("stuck", [[4, 6]]), ("crash", [[9, 9]]))),
                         ["undeclared end/crash: 9"])
        self.assertEqual(len(self.compare(self.report(("stuck", [[4, 6]])), count=21)), 1)
        self.assertEqual(len(self.compare(self.report(("stuck", [[4, 6]]), boundary="call"))), 1)

    def test_good_target(self):
        self.assertEqual(compare.compare(self.report(), set(), set(), 20), [])
        wrong = compare.compare(self.report(("stuck", [[4, 4]])), set(), set(), 20)
        self.assertEqual(wrong, ["undeclared end/stuck: 4"])


if __name__ == "__main__":
    unittest.main()
